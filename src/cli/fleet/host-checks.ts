/** The checks that rest on what the agent of a node says. Pure. */
import type { Condition } from '../../api/v1alpha1/parts/condition.ts';
import type { HealthConditionType } from '../../api/v1alpha1/words/conditions.ts';
import type { KubeletHealth } from '../../api/v1alpha1/kinds/health.ts';
import type { Check, CheckInput, Verdict } from './check.ts';

function claimed(health: KubeletHealth, type: HealthConditionType): Condition | undefined {
  return health.status.conditions?.find((condition) => condition.type === type);
}

/** Reasons of `Recoverable` that are the runtime's; all others are the kubelet's, or of both. */
const OF_RUNTIME = /^(?:Runtime|NoRuntime)/;

/** The agent looks for the first lack, the kubelet's before the runtime's. */
function lackOf(health: KubeletHealth, ofRuntime: boolean): string | undefined {
  const claim = claimed(health, 'Recoverable');
  if (claim === undefined) return ofRuntime ? undefined : 'the agent does not say whether its unit can be restarted';
  if (claim.status === 'True' || OF_RUNTIME.test(claim.reason) !== ofRuntime) return undefined;
  return claim.message;
}

/** `kubelet.service, Restart=always`. */
function unitWords(unit: string | undefined, settings: Readonly<Record<string, string | undefined>>): string {
  const set = Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  return [unit ?? 'unit not named', ...set].join(', ');
}

export function kubeletCheck(health: KubeletHealth): Check {
  const name = 'kubelet';
  const lack = lackOf(health, false);
  if (lack !== undefined) return { name, verdict: 'no', message: lack };
  const { unit, restart, watchdog } = health.status.kubelet ?? {};
  const words = unitWords(unit, { Restart: restart, WatchdogSec: watchdog });
  if (watchdog === undefined) return { name, verdict: 'yes', message: words };
  const message = `${words}: systemd kills a kubelet that hangs so long, and what it leaves in the journal is the evidence`;
  return { name, verdict: 'warn', message };
}

export function runtimeChecks(health: KubeletHealth, { policy }: CheckInput): readonly Check[] {
  return [runtimeUnitCheck(health, policy?.policy.spec.remediation.allowedActions ?? []), answerCheck(health)];
}

/** systemd.kill(5): any other mode ends what the unit has started, the shims of all containers too. */
const SPARES_CONTAINERS = 'process';

function runtimeUnitCheck(health: KubeletHealth, allowed: readonly string[]): Check {
  const name = 'runtime';
  const lack = lackOf(health, true);
  if (lack !== undefined) return { name, verdict: 'no', message: lack };
  const { unit, killMode } = health.status.runtime ?? {};
  const words = unitWords(unit, { KillMode: killMode });
  const isHarm = killMode !== undefined && killMode !== SPARES_CONTAINERS && allowed.includes('RestartRuntime');
  if (!isHarm) return { name, verdict: 'yes', message: words };
  return { name, verdict: 'warn', message: `${words}: a restart of the runtime may end its containers` };
}

function answerCheck(health: KubeletHealth): Check {
  const claim = claimed(health, 'RuntimeReachable');
  const verdict: Verdict = claim?.status === 'True' ? 'yes' : 'warn';
  return { name: 'cri', verdict, message: claim?.message ?? 'the agent does not say whether the CRI answers' };
}

/** A stuck PLEG shows in the log alone. */
export function logCheck(health: KubeletHealth): Check {
  const name = 'log';
  const claim = claimed(health, 'LogReadable');
  if (claim?.status === 'False') return { name, verdict: 'no', message: claim.message };
  if (claim === undefined || claim.status === 'Unknown') {
    return { name, verdict: 'warn', message: claim?.message ?? 'the agent does not say whether it reads the log' };
  }
  const { lostLines = 0 } = health.status.log ?? {};
  if (lostLines > 0) return { name, verdict: 'warn', message: `${claim.message}; lines were lost` };
  return { name, verdict: 'yes', message: claim.message };
}

/** The kubelet itself may still give its stacks: that the controller may ask it is not seen from here. */
export function stacksCheck(health: KubeletHealth, { policy }: CheckInput): Check {
  const name = 'memory';
  const claim = claimed(health, 'StacksReadable');
  if (claim?.status === 'True') return { name, verdict: 'yes', message: claim.message };
  const what = claim?.message ?? 'the agent does not say whether stacks can be read';
  const isNeeded = claim?.status === 'False' && policy?.policy.spec.evidence.gate === 'Required';
  const gate = isNeeded ? '; the gate is Required: without controller.nodeProxy nothing is restarted' : '';
  return { name, verdict: 'warn', message: `${what}${gate}` };
}

/** Without evidence nothing is done where the policy's gate is Required. */
export function spoolCheck(health: KubeletHealth, { policy }: CheckInput): Check {
  const name = 'disk';
  const claim = claimed(health, 'SpoolWritable');
  if (claim?.status === 'True') return { name, verdict: 'yes', message: claim.message };
  const isNeeded = claim?.status === 'False' && policy?.policy.spec.evidence.gate === 'Required';
  const message = claim?.message ?? 'the agent does not say whether evidence can be stored';
  return { name, verdict: isNeeded ? 'no' : 'warn', message };
}
