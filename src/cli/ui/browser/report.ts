/** A report in a frame in which nothing runs, and which nothing leaves. */
import type { Api } from './api.ts';
import { byId, dialogById, setText } from './dom.ts';

interface Policy {
  createHTML(text: string): string;
}
interface PolicyFactory {
  createPolicy(name: string, rules: Policy): Policy;
}

/** Trusted Types (Chromium): no other text of the page becomes markup. Where there are none, the frame's sandbox does it. */
function createMarkup(): (text: string) => string {
  const factory = (window as { trustedTypes?: PolicyFactory }).trustedTypes;
  const policy = factory?.createPolicy('report', { createHTML: (text) => text });
  return (text) => policy?.createHTML(text) ?? text;
}

/** One that is followed would be shown in place of the report. Other texts of a report have no `<`. */
function withoutLinks(report: string): string {
  return report.replaceAll(/<a [^<>]*>/g, '<span>').replaceAll('</a>', '</span>');
}

export function createReports(api: Api): { open(incident: string): void } {
  const markup = createMarkup();
  const dialog = dialogById('report');
  const frame = byId('report-frame') as HTMLIFrameElement;
  const status = byId('report-status');
  const save = byId('report-save') as HTMLButtonElement;
  let shown = { incident: '', text: '' };

  byId('report-close').addEventListener('click', () => {
    dialog.close();
  });
  dialog.addEventListener('close', () => {
    frame.removeAttribute('srcdoc');
    shown = { incident: '', text: '' };
  });
  save.addEventListener('click', () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([shown.text], { type: 'text/html' }));
    link.download = `${shown.incident}.html`;
    link.click();
    URL.revokeObjectURL(link.href);
  });

  async function load(incident: string): Promise<void> {
    const text = await api.report(incident);
    if (!dialog.open || shown.incident !== incident) return;
    shown = { incident, text };
    frame.srcdoc = markup(withoutLinks(text));
    frame.hidden = false;
    save.disabled = false;
    setText(status, '');
  }

  return {
    open(incident): void {
      shown = { incident, text: '' };
      setText(byId('report-title'), `Report of ${incident}`);
      setText(status, 'It is being made…');
      frame.title = `Report of ${incident}`;
      frame.hidden = true;
      save.disabled = true;
      if (!dialog.open) dialog.showModal();
      load(incident).catch((error: unknown) => {
        setText(status, `There is no report: ${error instanceof Error ? error.message : String(error)}`);
      });
    },
  };
}
