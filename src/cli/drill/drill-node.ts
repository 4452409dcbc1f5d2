/** `kubectl medic drill`: a fault on purpose, and whether the node recovers from it as its policy promises. */
import { INCIDENTS, NODES } from '../../api/resources.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { FAULTS } from '../../core/decision/drill/faults.ts';
import { findCondition } from '../../core/decision/record/conditions-and-steps.ts';
import { incidentName } from '../../core/decision/record/incident-name.ts';
import { formatDuration } from '../../core/time/duration.ts';
import { MedicError } from '../../ports/errors.ts';
import { planFor } from '../capture/capture-node.ts';
import { EXIT } from '../exit.ts';
import { getIncident, PLUGIN_MANAGER, type Session } from '../session.ts';
import { oneLine } from '../terminal.ts';
import { whoAmI } from '../who-am-i.ts';
import { timesTable } from './drill-text.ts';
import { type FaultName, faultOf } from './fault-names.ts';
import { createTeller } from './tell-progress.ts';

export interface DrillOptions {
  readonly fault: FaultName;
  /** undefined: as long as suits the fault. */
  readonly lastsMs: number | undefined;
  readonly reason: string | undefined;
  readonly wait: boolean;
  readonly timeoutMs: number;
  readonly isDry: boolean;
}

const POLL_MS = 1_000;

/** @returns the exit code. @throws `E_CLI_NOT_FOUND`; `E_CLI_NOT_NOW` where there is no such fault, or it is not over in time. */
export async function runDrill(session: Session, nodeName: string, options: DrillOptions): Promise<number> {
  const { cluster, terminal } = session;
  const name = await ask(session, nodeName, options);
  terminal.out(`${name}\n`);
  if (!options.wait) {
    terminal.note(`follow it with: kubectl medic show ${name}\n`);
    return EXIT.ok;
  }
  if (!options.isDry) terminal.note(`end it with: kubectl medic reject ${name} --reason ...\n`);
  const tell = createTeller(terminal);
  const ended = await waitForEnd(session, name, options.timeoutMs, async (drill) => {
    const recovery = drill.status.drill?.incident;
    tell(drill, recovery === undefined ? undefined : await cluster.get(INCIDENTS, { name: recovery }));
  });
  const complete = findCondition(ended.status.conditions, 'Complete');
  const { times = [], incident } = ended.status.drill ?? {};
  terminal.out(timesTable(times));
  terminal.out(`${oneLine(`${ended.status.outcome ?? ''}: ${complete?.message ?? ''}`)}\n`);
  if (incident !== undefined) terminal.note(`its recovery: kubectl medic show ${oneLine(incident)}\n`);
  return isGood(ended, options) ? EXIT.ok : EXIT.failed;
}

function isGood({ status }: KubeletIncident, { isDry }: DrillOptions): boolean {
  return status.outcome === (isDry ? 'DrillPossible' : 'DrillPassed');
}

/** Makes the incident. Whether the fault is made the controller and the agent judge. @returns its name. */
async function ask(session: Session, nodeName: string, options: DrillOptions): Promise<string> {
  const { cluster, clock } = session;
  const fault = faultOf(options.fault);
  const node = await cluster.get(NODES, { name: nodeName });
  if (node === undefined) throw new MedicError('E_CLI_NOT_FOUND', 'absent', `there is no node ${nodeName}`);
  const by = await whoAmI(session);
  const trigger = {
    type: 'Drill',
    at: new Date(clock.now()).toISOString(),
    message: (options.reason ?? `a drill: ${options.fault}`).slice(0, 1_024),
    by,
  } as const;
  const nodeUID = node.metadata.uid;
  const lastsFor = formatDuration(options.lastsMs ?? FAULTS[fault].defaultMs);
  const drill = { fault, lastsFor, ...(options.isDry ? { dryRun: true } : {}) };
  const spec = { nodeName, nodeUID, trigger, plan: await planFor(session, node), drill };
  const name = incidentName(nodeName, nodeUID, trigger, by);
  await cluster.create(INCIDENTS, { metadata: { name }, spec }, { manager: PLUGIN_MANAGER });
  return name;
}

async function waitForEnd(
  session: Session,
  name: string,
  timeoutMs: number,
  look: (drill: KubeletIncident) => Promise<void>,
): Promise<KubeletIncident> {
  const { clock } = session;
  const { signal } = new AbortController();
  const until = clock.monotonic() + timeoutMs;
  for (;;) {
    const drill = await getIncident(session, name);
    await look(drill);
    if (drill.status.outcome !== undefined) return drill;
    if (clock.monotonic() >= until) {
      const undone = drill.status.drill?.undoneBy;
      const words = undone === undefined ? 'no fault was made yet' : `the host undoes the fault by ${oneLine(undone)}`;
      const message = `${name} is not over after ${String(timeoutMs / 1_000)} s: ${words}`;
      throw new MedicError('E_CLI_NOT_NOW', 'transient', message);
    }
    await clock.sleep(POLL_MS, signal);
  }
}
