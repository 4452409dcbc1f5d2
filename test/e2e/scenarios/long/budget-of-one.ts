/** Two nodes with different faults at once, and a policy that allows one recovery at a time: one after the other, and both well. */
import type { KubeletIncident } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { cordonWrites } from '../../audit.ts';
import { completedIncident } from '../../incidents.ts';
import { kubectl, kubectlWith, node, startsSince } from '../../lab.ts';
import { policy } from '../../policy.ts';
import type { Report } from '../../report.ts';
import type { Scenario } from '../../scenario.ts';
import { pause } from '../../shell.ts';
import { AFTER_OUTAGE_MS, before, type Before, checkOutcome, checkWell } from './interfered.ts';

const NAME = 'budget-of-one';
const NODE_LABELS = `scenario=${NAME}`;
const HUNG = { name: 'node-14', env: { NODE_LABELS } };
const STUCK = { name: 'node-15', env: { NODE_LABELS, CRI_PROXY: '1' } };

interface Span {
  readonly from: number;
  readonly to: number;
}

function areApart(a: Span, b: Span): boolean {
  return a.to <= b.from || b.to <= a.from;
}

function textOf({ from, to }: Span): string {
  return [from, to].map((time) => new Date(time).toISOString().slice(11, 23)).join(' to ');
}

/** By the incident: from the reservation that led to the act, to the end. */
function recoveryOf({ status }: KubeletIncident): Span {
  const reserved = status.steps?.find(({ name }) => name === 'cordon')?.startedAt ?? '';
  return { from: Date.parse(reserved), to: Date.parse(status.timings?.completedAt ?? '') };
}

/** By the API server's record: from our cordon to its end. */
function cordonOf(name: string): Span {
  const writes = cordonWrites(name);
  const at = (kind: 'cordon' | 'uncordon'): number => writes.find((write) => write.kind === kind)?.at ?? Number.NaN;
  return { from: at('cordon'), to: at('uncordon') };
}

function checkApart(report: Report, by: string, a: Span, b: Span): void {
  report.check(NAME, `one recovery at a time, by ${by}`, areApart(a, b), `${textOf(a)}; ${textOf(b)}`);
}

/** One restart a node, and of the right unit. */
async function checkUnits(report: Report, hung: Before, stuck: Before): Promise<void> {
  const [hungStarts, stuckStarts] = [await startsOf(HUNG.name, hung), await startsOf(STUCK.name, stuck)];
  report.check(
    NAME,
    'one restart a node',
    hungStarts === '0,1' && stuckStarts === '1,0',
    `${hungStarts}; ${stuckStarts}`,
  );
}

async function startsOf(name: string, { at }: Before): Promise<string> {
  const starts = [await startsSince(name, 'kubelet', at), await startsSince(name, 'containerd', at)];
  return starts.join();
}

export const budgetOfOne: Scenario = {
  name: NAME,
  nodes: [HUNG, STUCK],
  wave: 3,
  async run(report) {
    const spec = {
      priority: 30,
      mode: 'Remediate',
      nodeSelector: { matchLabels: { scenario: NAME } },
      remediation: { verify: { stableFor: '10s' } },
      budget: { maxConcurrent: 1, maxUnhealthy: '100%', cooldown: '0s' },
    };
    await kubectlWith(policy(NAME, spec), 'apply', '-f', '-');
    await pause(AFTER_OUTAGE_MS);
    const [hungBefore, stuckBefore] = [await before(HUNG.name), await before(STUCK.name)];
    await Promise.all([node('hang', HUNG), node('freeze', STUCK)]);
    const [hung, stuck] = await Promise.all([
      completedIncident(HUNG.name, 10 * 60_000),
      completedIncident(STUCK.name, 10 * 60_000),
    ]);
    checkOutcome(report, NAME, hung, 'Recovered');
    checkOutcome(report, NAME, stuck, 'Recovered');
    report.check(
      NAME,
      'the hung runtime was restarted',
      hung.status.action === 'RestartRuntime',
      String(hung.status.action),
    );
    report.check(
      NAME,
      'the stuck kubelet was restarted',
      stuck.status.action === 'RestartKubelet',
      String(stuck.status.action),
    );
    checkApart(report, 'the incidents', recoveryOf(hung), recoveryOf(stuck));
    checkApart(report, "the API server's record", cordonOf(HUNG.name), cordonOf(STUCK.name));
    const [earlier, later] = [hung, stuck].sort((a, b) => recoveryOf(a).from - recoveryOf(b).from);
    const opened = Date.parse(later?.status.timings?.evidenceAt ?? '');
    report.check(
      NAME,
      'the second was ready to go on while the first was under way',
      earlier !== undefined && opened < recoveryOf(earlier).to,
    );
    await checkWell(report, NAME, HUNG.name);
    await checkWell(report, NAME, STUCK.name);
    await checkUnits(report, hungBefore, stuckBefore);
    await kubectl('delete', 'kubeletrecoverypolicy', NAME);
  },
};
