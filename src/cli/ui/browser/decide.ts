/** Approve and reject: what would be done is said first, by name, and asked for again where it has changed. */
import type { Choice, Choices } from '../wire.ts';
import type { Api } from './api.ts';
import { byId, dialogById, el, setText } from './dom.ts';

type Decision = 'Approve' | 'Reject';

export interface Decisions {
  readonly open: (incident: string, decision: Decision) => void;
  /** Something has changed: where it is the incident that is asked about, what would be done is asked for again. */
  noteChange(): void;
  /** What is shown is not of now, for this reason; empty: it is. The line of the page is out of reach while a dialog is open. */
  noteLink(stale: string): void;
}

interface Open {
  readonly incident: string;
  readonly decision: Decision;
  /** What of the incident the dialog was filled from. */
  key: string;
  choices: Choices | undefined;
  action: string;
  /** It has not been read, or may be another by now. */
  isUnread: boolean;
  isSending: boolean;
}

const input = (id: string): HTMLInputElement => byId(id) as HTMLInputElement;

interface DecisionParts {
  readonly api: Api;
  readonly speak: (text: string) => void;
  /** What is known of an incident. */
  readonly keyOf: (incident: string) => string;
}

export function createDecisions({ api, speak, keyOf }: DecisionParts): Decisions {
  const dialog = dialogById('decide');
  const confirm = byId('decide-confirm') as HTMLButtonElement;
  const error = byId('decide-error');
  const options = byId('decide-options');
  const stale = byId('decide-stale');
  let open: Open | undefined;

  function choice(): Choice | undefined {
    if (open?.choices === undefined) return undefined;
    const { choices, decision, action } = open;
    return decision === 'Reject' ? choices.reject : choices.approve.find((one) => one.action === action);
  }

  /** What is chosen, in words. */
  function showChoice(): void {
    const chosen = choice();
    if (open === undefined || chosen === undefined) return;
    const { decision, isSending, isUnread } = open;
    setText(byId('decide-would'), chosen.would);
    setText(confirm, `${decision}: ${chosen.short}`);
    const refusal = refusalOf(chosen);
    if (refusal !== undefined) setText(error, `It would be refused: ${refusal}`);
    const isMissing = decision === 'Reject' && input('decide-reason').value.trim() === '';
    confirm.disabled = isSending || isUnread || refusal !== undefined || isMissing;
  }

  function refusalOf(chosen: Choice | undefined): string | undefined {
    return open?.choices?.denied ?? chosen?.refusal;
  }

  function showOptions({ approve }: Choices): void {
    const isApproval = open?.decision === 'Approve';
    options.hidden = !isApproval || approve.length < 2;
    const radios = approve.map(({ action }) => {
      const radio = el('input', { type: 'radio', name: 'action', value: action });
      radio.checked = action === open?.action;
      radio.addEventListener('change', () => {
        if (open !== undefined) open.action = action;
        setText(error, '');
        showChoice();
      });
      return el('label', {}, radio, ` ${action === '' ? 'what the diagnosis says' : `${action} in its place`}`);
    });
    byId('decide-radios').replaceChildren(...radios);
  }

  function fill(choices: Choices): void {
    if (open === undefined) return;
    open.choices = choices;
    open.isUnread = !stale.hidden;
    if (refusalOf(choice()) === undefined) setText(error, '');
    setText(byId('decide-facts'), `Node ${choices.node}; now: ${choices.waitsFor}`);
    setText(byId('decide-as'), `Recorded as ${choices.user}, on ${choices.server}`);
    byId('decide-notes').replaceChildren(...choices.notes.map((note) => el('li', {}, note)));
    showOptions(choices);
    showChoice();
  }

  async function load(): Promise<void> {
    const asked = open;
    if (asked === undefined) return;
    try {
      const choices = await api.choices(asked.incident);
      if (open === asked) fill(choices);
    } catch (cause) {
      if (open !== asked) return;
      asked.isUnread = true;
      if (asked.choices === undefined) setText(byId('decide-would'), '');
      showChoice();
      setText(error, `It cannot be decided now: ${messageOf(cause)}`);
    }
  }

  async function send(): Promise<void> {
    const asked = open;
    const chosen = choice();
    if (asked === undefined || chosen === undefined) return;
    const { incident, decision } = asked;
    asked.isSending = true;
    confirm.disabled = true;
    setText(error, '');
    const reason = input('decide-reason').value;
    try {
      await api.decide(incident, { decision, action: chosen.action, reason, would: chosen.would });
      if (open === asked) dialog.close();
      speak(`${incident} is ${decision === 'Approve' ? 'approved' : 'rejected'}`);
    } catch (cause) {
      asked.isSending = false;
      await load();
      // By now he may be asked about another one.
      if (open === asked) setText(error, messageOf(cause));
      else showLate(`${decision} ${incident}: ${messageOf(cause)}`);
    }
  }

  byId('decide-cancel').addEventListener('click', () => {
    dialog.close();
  });
  dialog.addEventListener('close', () => {
    open = undefined;
  });
  input('decide-reason').addEventListener('input', showChoice);
  byId('decide-form').addEventListener('submit', (event) => {
    event.preventDefault();
    if (!confirm.disabled) void send();
  });

  return {
    open(incident, decision): void {
      const key = keyOf(incident);
      open = { incident, decision, key, choices: undefined, action: '', isUnread: false, isSending: false };
      showLate('');
      setText(byId('decide-title'), `${decision} ${incident}`);
      for (const id of ['decide-would', 'decide-facts', 'decide-as', 'decide-error']) setText(byId(id), '');
      setText(byId('decide-would'), 'It is being read…');
      byId('decide-notes').replaceChildren();
      options.hidden = true;
      input('decide-reason').value = '';
      input('decide-reason').required = decision === 'Reject';
      setText(byId('decide-reason-label'), decision === 'Reject' ? 'Reason (needed)' : 'Reason (if there is one)');
      setText(confirm, decision);
      confirm.disabled = true;
      dialog.showModal();
      byId('decide-cancel').focus();
      void load();
    },
    noteChange(): void {
      if (open === undefined || open.isSending || !stale.hidden) return;
      const key = keyOf(open.incident);
      if (open.key === key && !open.isUnread) return;
      open.key = key;
      void load();
    },
    noteLink(text): void {
      stale.hidden = text === '';
      setText(stale, text);
      if (open === undefined || text === '') return;
      open.isUnread = true;
      showChoice();
    },
  };
}

/** Of a dialog that is closed. */
function showLate(text: string): void {
  byId('late').hidden = text === '';
  setText(byId('late'), text);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
