/** Approve and reject: what would be done is said first, by name, and asked for again where it has changed. */
import type { Choice, Choices } from '../wire.ts';
import type { Api } from './api.ts';
import { byId, dialogById, el, setText } from './dom.ts';

type Decision = 'Approve' | 'Reject';

export interface Decisions {
  readonly open: (incident: string, decision: Decision) => void;
  /** Something has changed: where it is the incident that is asked about, what would be done is asked for again. */
  noteChange(): void;
}

interface Open {
  readonly incident: string;
  readonly decision: Decision;
  /** What of the incident the dialog was filled from. */
  key: string;
  choices: Choices | undefined;
  action: string;
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
    const { choices, decision } = open;
    setText(byId('decide-would'), chosen.would);
    setText(confirm, `${decision}: ${chosen.short}`);
    const refusal = choices?.denied ?? chosen.refusal;
    if (refusal !== undefined) setText(error, `It would be refused: ${refusal}`);
    const isMissing = decision === 'Reject' && input('decide-reason').value.trim() === '';
    confirm.disabled = refusal !== undefined || isMissing;
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
      confirm.disabled = true;
      setText(error, `It cannot be decided now: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }

  async function send(): Promise<void> {
    const chosen = choice();
    if (open === undefined || chosen === undefined) return;
    const { incident, decision } = open;
    confirm.disabled = true;
    setText(error, '');
    const reason = input('decide-reason').value;
    try {
      await api.decide(incident, { decision, action: chosen.action, reason, would: chosen.would });
      dialog.close();
      speak(`${incident} is ${decision === 'Approve' ? 'approved' : 'rejected'}`);
    } catch (cause) {
      await load();
      setText(error, cause instanceof Error ? cause.message : String(cause));
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
      open = { incident, decision, key: keyOf(incident), choices: undefined, action: '' };
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
      if (open === undefined || open.key === keyOf(open.incident)) return;
      open.key = keyOf(open.incident);
      setText(error, '');
      void load();
    },
  };
}
