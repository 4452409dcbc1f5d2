/** The whole report: one file that needs nothing else, and in which nothing runs. Pure. */
import { createHash } from 'node:crypto';
import { boundedInput } from './bounded.ts';
import { html, Html } from './html.ts';
import type { ReportInput } from './report-input.ts';
import { actionsSection, decisionSection } from './sections/deeds.ts';
import { evidenceSection } from './sections/evidence.ts';
import { goroutinesSection, runtimeSection } from './sections/goroutines.ts';
import { header } from './sections/header.ts';
import { logSection } from './sections/log.ts';
import { drillSection, policySection } from './sections/policy.ts';
import { timelineSection } from './sections/timeline.ts';
import { citedSection, stackSection, verdictSection } from './sections/verdict.ts';
import { STYLE } from './style.ts';

/** The file is never longer, whatever the incident holds, in bytes. */
export const MAX_REPORT = 2 * 1_048_576;
/** Characters of one text: what the API has room for, and less where that makes the file too long. */
const LONGEST = [4_096, 512, 128];

/** The browser takes this style sheet, and nothing else from anywhere. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

export function reportDocument(input: ReportInput): string {
  for (const longest of LONGEST) {
    const document = documentOf(boundedInput(input, longest));
    if (Buffer.byteLength(document) <= MAX_REPORT) return document;
  }
  throw new RangeError('a report is longer than its bound');
}

function documentOf(input: ReportInput): string {
  const { metadata, spec } = input.incident;
  const page = html`<!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}" />
        <meta http-equiv="x-dns-prefetch-control" content="off" />
        <meta name="referrer" content="no-referrer" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${metadata.name}: ${spec.nodeName}</title>
        ${new Html(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <main>
          <div class="sheet">
            ${header(input)}${timelineSection(input)}${drillSection(input)}${verdictSection(input)}${stackSection(input)}${citedSection(input)}
          </div>
          <div class="sheet">
            ${logSection(input)}${runtimeSection(input)}${goroutinesSection(input)}${actionsSection(input)}
            <div class="pair">${decisionSection(input)}${policySection(input)}</div>
            ${evidenceSection(input)}
            <footer>
              <p class="note">
                KubeletIncident ${metadata.name}, uid ${metadata.uid}, resourceVersion ${metadata.resourceVersion}, node
                uid ${spec.nodeUID}.
              </p>
            </footer>
          </div>
        </main>
      </body>
    </html> `;
  return page.markup;
}
