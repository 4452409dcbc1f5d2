/** A decision that the page sends: taken as `approve` and `reject` take it, and only where it does what the person has read. */
import * as z from 'zod/mini';
import { Action } from '../../api/v1alpha1/kinds/policy.ts';
import { MedicError } from '../../ports/errors.ts';
import { runDecide, type Decision } from '../decide/decide-incident.ts';
import type { Session } from '../session.ts';
import { choicesOf } from './choices.ts';
import type { Choice, Choices, DecisionRequest } from './wire.ts';

/** As much as the API has room for. */
const MAX_REASON = 1_024;

const Sent = z.object({
  decision: z.enum(['Approve', 'Reject']),
  action: z.union([z.literal(''), Action]),
  reason: z.string(),
  would: z.string(),
}) satisfies z.ZodMiniType<DecisionRequest>;

/** undefined: it is none. */
export function readDecision(body: string): z.infer<typeof Sent> | undefined {
  try {
    return Sent.parse(JSON.parse(body));
  } catch {
    return undefined;
  }
}

/** @throws `E_CLI_NOT_NOW` where it is refused, or would do something else by now; as `runDecide` does. */
export async function takeDecision(
  session: Session,
  name: string,
  sent: z.infer<typeof Sent>,
  user: string,
): Promise<void> {
  const choice = chosen(await choicesOf(session, name, user), sent);
  const refuse = (why: string): never => {
    throw new MedicError('E_CLI_NOT_NOW', 'terminal', why);
  };
  if (choice === undefined) refuse(`${name} may not be given ${sent.action}`);
  else if (choice.refusal !== undefined) refuse(choice.refusal);
  else if (choice.would !== sent.would)
    refuse(`nothing was done, since it would be something else by now: ${choice.would}`);
  const { decision, action } = sent;
  const reason = sent.reason.trim().slice(0, MAX_REASON);
  if (decision === 'Reject' && reason === '') refuse('a rejection needs a reason');
  const made: Decision = {
    decision,
    ...(action === '' ? {} : { action }),
    ...(reason === '' ? {} : { reason }),
  };
  await runDecide(session, name, made);
}

function chosen({ approve, reject }: Choices, { decision, action }: DecisionRequest): Choice | undefined {
  return decision === 'Reject' ? reject : approve.find((choice) => choice.action === action);
}
