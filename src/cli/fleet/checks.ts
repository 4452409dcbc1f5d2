/** Whether a recovery would work on a node, as far as the API server shows it: a list of checks, each with what it rests on. Pure. */
import { podsAtRisk } from '../../core/decision/drill/pods-at-risk.ts';
import { clockSkewMs, isControlPlane } from '../../core/decision/node-state.ts';
import { objectionOf } from '../../core/decision/other-actors.ts';
import { silenceWords } from '../../core/decision/silence.ts';
import { silentForMs } from './agent-word.ts';
import { leaderWords } from './leader.ts';
import { kubeletCheck, logCheck, runtimeChecks, spoolCheck, stacksCheck } from './host-checks.ts';
import type { Check, CheckInput } from './check.ts';

type Rule = (input: CheckInput) => Check | readonly Check[] | undefined;

function policyCheck({ policy }: CheckInput): Check {
  const name = 'policy';
  if (policy === undefined) return { name, verdict: 'no', message: 'no policy rules it' };
  const { metadata, spec } = policy.policy;
  const no = (message: string): Check => ({ name, verdict: 'no', message: `${metadata.name}: ${message}` });
  if (spec.mode !== 'Remediate') return no(`mode ${spec.mode}`);
  if (spec.paused) return no('it is paused');
  const { allowedActions, holdTimeout } = spec.remediation;
  if (allowedActions.length === 0) return no('it allows no action');
  const message = `${metadata.name}: ${spec.mode}, ${spec.strategy}, ${allowedActions.join(', ')}`;
  if (spec.strategy === 'DiagnoseFirst') {
    return { name, verdict: 'warn', message: `${message}: a person decides, for up to ${holdTimeout}` };
  }
  return { name, verdict: 'yes', message };
}

function budgetChecks({ policy, node }: CheckInput): readonly Check[] {
  if (policy === undefined) return [];
  const { spec } = policy.policy;
  const name = 'budget';
  if (spec.budget.controlPlane === 'Skip' && isControlPlane(node)) {
    return [{ name, verdict: 'no', message: 'control plane nodes are skipped (budget.controlPlane)' }];
  }
  const available = policy.status.conditions?.find(({ type }) => type === 'BudgetAvailable');
  if (available?.reason === 'TooManyUnhealthy') return [{ name, verdict: 'no', message: available.message }];
  if (available?.reason === 'InUse') return [{ name, verdict: 'warn', message: `it would wait: ${available.message}` }];
  return [{ name, verdict: 'yes', message: available?.message ?? '' }];
}

/** The mark of an incident of ours that is open is no other's. */
function marksCheck({ node, incidents }: CheckInput): Check {
  const objection = objectionOf(node, incidents[0]?.metadata.name ?? '', { kind: 'unused' });
  if (objection !== undefined) return { name: 'others', verdict: 'no', message: objection.message };
  return { name: 'others', verdict: 'yes', message: 'nobody else has marked the node' };
}

function agentCheck({ node, health, now }: CheckInput): Check {
  const name = 'agent';
  const words = (): string => silenceWords(health, node.metadata.name);
  if (health?.status.agent === undefined) return { name, verdict: 'no', message: words() };
  if (silentForMs(health, now) !== undefined) return { name, verdict: 'no', message: words() };
  return { name, verdict: 'yes', message: `version ${health.status.agent.version}` };
}

/** Without one nothing is opened, decided or recovered. */
function ledCheck({ leader, now }: CheckInput): Check | undefined {
  const name = 'leader';
  if (leader === undefined) return undefined;
  const words = leaderWords(leader, now);
  if (words === undefined) return { name, verdict: 'yes', message: 'one leads' };
  return { name, verdict: leader.kind === 'none' ? 'no' : 'warn', message: words };
}

/** What the agent follows is written by the controller. */
function toldCheck({ health, policy }: CheckInput): Check | undefined {
  if (health === undefined || policy === undefined) return undefined;
  const { metadata, spec } = policy.policy;
  if (health.spec.policy === metadata.name && health.spec.mode === spec.mode) return undefined;
  const told = health.spec.policy === undefined ? 'no policy' : `${health.spec.policy} (${health.spec.mode})`;
  const message = `the controller has told the agent of ${told}, and ${metadata.name} (${spec.mode}) rules: does it run?`;
  return { name: 'controller', verdict: 'warn', message };
}

/** As much as the controller lets pass without a word. */
const MAX_SKEW_MS = 30_000;

function clockCheck({ health }: CheckInput): Check | undefined {
  if (health?.status.agent === undefined) return undefined;
  const skewMs = clockSkewMs(health);
  const seconds = Math.round(skewMs / 1_000);
  if (Math.abs(skewMs) < MAX_SKEW_MS) return { name: 'clock', verdict: 'yes', message: 'as the API server has it' };
  return { name: 'clock', verdict: 'warn', message: `${seconds} s off the API server's` };
}

function podsCheck(input: CheckInput): Check | undefined {
  if (!('pods' in input)) return undefined;
  const name = 'pods';
  if (input.pods === undefined) return { name, verdict: 'warn', message: 'not known: you may not list pods' };
  const risk = podsAtRisk(input.pods);
  if (risk !== undefined) return { name, verdict: 'warn', message: risk };
  return { name, verdict: 'yes', message: `${input.pods.length}, none of which a restart of the kubelet harms` };
}

const ofHost =
  (rule: (health: NonNullable<CheckInput['health']>, input: CheckInput) => Check | readonly Check[]): Rule =>
  (input) =>
    input.health?.status.agent === undefined ? undefined : rule(input.health, input);

/** In the order in which a person would mend them. */
const RULES: readonly Rule[] = [
  policyCheck,
  budgetChecks,
  marksCheck,
  agentCheck,
  ledCheck,
  toldCheck,
  ofHost(kubeletCheck),
  ofHost(runtimeChecks),
  ofHost(logCheck),
  ofHost(stacksCheck),
  ofHost(spoolCheck),
  clockCheck,
  podsCheck,
];

export function checksOf(input: CheckInput): readonly Check[] {
  return RULES.flatMap((rule) => rule(input) ?? []);
}

/** Why nothing would be restarted on the node now; undefined: it would. */
export function whyNot(checks: readonly Check[]): Check | undefined {
  return checks.find(({ verdict }) => verdict === 'no');
}
