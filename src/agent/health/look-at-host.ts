/** Facts of the host: the units and processes of kubelet and runtime, boot and kernel, and the spool's room. */
import type { UnitRole } from '../../ports/host.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { WakeUp } from '../../runtime/wake-up.ts';
import { createKubeletVersion, type KubeletVersion } from './kubelet-version.ts';
import {
  type HostObservation,
  type Observation,
  type ObservationBoard,
  type Reading,
  type SpoolObservation,
  type StacksObservation,
  valueOf,
} from './observation.ts';
import { momentOf, reasonOf, type World } from '../world.ts';
import { HEALTHS } from '../../api/resources.ts';
import type { HealthStatus, KubeletInfo, RuntimeInfo } from '../../api/v1alpha1/kinds/health.ts';
import { fallenWith } from '../../core/detection/fallen-with.ts';
import { nextProgramRecord, type PublishedProgram, resumedRecord } from '../../core/detection/program-state.ts';
import type { Moment } from '../../core/time/moment.ts';
import type { ProcessFacts, UnitFacts } from '../../ports/host.ts';

const FACTS_EVERY_MS = 10_000;
/** After a failure that may pass: a reader that was too slow, or a kubelet that had not begun. */
const CHECK_AGAIN_MS = 5 * 60_000;

/** The unit of a role, read now. It never throws but with the signal. */
export async function readUnit(
  { host }: { readonly host: Pick<World['host'], 'services'> },
  role: UnitRole,
  signal: AbortSignal,
): Promise<Reading<UnitFacts>> {
  try {
    const unit = await host.services.find(role, signal);
    return unit === undefined ? { kind: 'absent' } : { kind: 'known', value: unit };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'unreadable', message: reasonOf(error) };
  }
}

/** A fact that may be missing: what cannot be read is undefined. */
async function fact<T>(
  world: World,
  what: string,
  signal: AbortSignal,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (err) {
    signal.throwIfAborted();
    world.log.debug('A fact of the host cannot be read', { reason: what, err });
    return undefined;
  }
}

interface Preflight {
  check(kubelet: Reading<UnitFacts>, signal: AbortSignal): Promise<StacksObservation>;
}

/** Tried once for each kubelet that starts, before it is needed: a reading costs it nothing, and this host 0.3 s. */
function createPreflight({ host, clock }: World): Preflight {
  let checked = '';
  let triedKey = '';
  let triedMs = 0;
  let seen: StacksObservation = { kind: 'unchecked' };
  return {
    async check(kubelet, signal): Promise<StacksObservation> {
      if (kubelet.kind !== 'known' || kubelet.value.mainPID === 0) return seen;
      const key = `${kubelet.value.invocationID}/${String(kubelet.value.mainPID)}`;
      if (key === checked) return seen;
      if (key === triedKey && clock.monotonic() - triedMs < CHECK_AGAIN_MS) return seen;
      [triedKey, triedMs] = [key, clock.monotonic()];
      let isLasting = false;
      try {
        await host.stacks.check('kubelet', signal);
        seen = { kind: 'readable' };
      } catch (error) {
        signal.throwIfAborted();
        isLasting = isMedicError(error, 'denied', 'terminal', 'invalid');
        seen = { kind: 'unreadable', message: reasonOf(error) };
      }
      if (seen.kind === 'readable' || isLasting) checked = key;
      return seen;
    },
  };
}

interface Lookers {
  readonly preflight: Preflight;
  readonly version: KubeletVersion;
  /** What the agent before this one said; undefined: nothing is known of it. */
  readonly published: HealthStatus | undefined;
}

/** The main process of a unit; undefined: it has none, or it cannot be read. */
async function mainProcess(
  world: World,
  role: UnitRole,
  unit: Reading<UnitFacts>,
  signal: AbortSignal,
): Promise<ProcessFacts | undefined> {
  const pid = valueOf(unit)?.mainPID ?? 0;
  if (pid === 0) return undefined;
  return await fact(world, `the process of the ${role}`, signal, () => world.host.facts.process(pid));
}

function silenceMs({ kubeletSilence }: Observation, now: Moment): number | undefined {
  if (kubeletSilence === 'answers') return 0;
  return kubeletSilence === undefined ? undefined : now.monotonicMs - kubeletSilence.sinceMs;
}

function publishedOf(info: KubeletInfo | RuntimeInfo | undefined): PublishedProgram | undefined {
  return info?.program === undefined ? undefined : { ...info.program, invocationID: info.invocationID ?? '' };
}

/** Looks at the host once. What cannot be read now keeps no old value: an old PID is a wrong PID. */
async function lookAtHost(
  world: World,
  board: ObservationBoard,
  { preflight, version, published }: Lookers,
  signal: AbortSignal,
): Promise<HostObservation> {
  const { facts } = world.host;
  const [kubeletUnit, runtimeUnit, kubelet, bootID, kernel] = await Promise.all([
    readUnit(world, 'kubelet', signal),
    readUnit(world, 'runtime', signal),
    fact(world, 'the kubelet process', signal, () => facts.kubelet(signal)),
    fact(world, 'the boot id', signal, () => facts.bootID()),
    fact(world, 'the kernel release', signal, () => facts.kernel()),
  ]);
  const [kubeletProcess, runtimeProcess] = await Promise.all([
    mainProcess(world, 'kubelet', kubeletUnit, signal),
    mainProcess(world, 'runtime', runtimeUnit, signal),
  ]);
  const now = momentOf(world.clock);
  const before = board.current();
  const kubeletFallen = fallenWith(valueOf(kubeletUnit), valueOf(runtimeUnit), before.host?.kubeletFallen);
  const kubeletProgram = nextProgramRecord(
    {
      unit: valueOf(kubeletUnit),
      process: kubeletProcess,
      silentMs: silenceMs(before, now),
      fallenWith: kubeletFallen?.runtime,
    },
    before.host?.kubeletProgram ?? resumedRecord(publishedOf(published?.kubelet), valueOf(kubeletUnit), now),
    now,
  );
  // Whether the runtime answers is the CRI probe's to say.
  const runtimeProgram = nextProgramRecord(
    { unit: valueOf(runtimeUnit), process: runtimeProcess, silentMs: undefined },
    before.host?.runtimeProgram ?? resumedRecord(publishedOf(published?.runtime), valueOf(runtimeUnit), now),
    now,
  );
  const [stacks, kubeletVersion] = await Promise.all([
    preflight.check(kubeletUnit, signal),
    version.read(kubeletUnit, signal),
  ]);
  const units = { kubeletUnit, runtimeUnit, kubeletProgram, kubeletFallen, runtimeProgram };
  return { ...units, kubelet, kubeletVersion, runtimeProcessState: runtimeProcess?.state, bootID, kernel, stacks };
}

const PUBLISHED_LIMIT_MS = 5_000;

/** Of this boot: what was before it is over. */
async function readPublished(world: World, signal: AbortSignal): Promise<HealthStatus | undefined> {
  const { cluster, host, node } = world;
  const [health, bootID] = await Promise.all([
    fact(world, 'what was published', signal, () =>
      cluster.get(HEALTHS, { name: node }, { signal, deadlineMs: PUBLISHED_LIMIT_MS }),
    ),
    fact(world, 'the boot id', signal, () => host.facts.bootID()),
  ]);
  return bootID !== undefined && health?.status.bootID === bootID ? health.status : undefined;
}

/** The spool's room. `error` is that of the last write, unless the spool cannot even be looked at. */
async function lookAtSpool(world: World, board: ObservationBoard, signal: AbortSignal): Promise<SpoolObservation> {
  try {
    const usage = await world.host.spool.usage();
    return { ...board.current().spool, ...usage };
  } catch (error) {
    signal.throwIfAborted();
    return { ...board.current().spool, error: reasonOf(error) };
  }
}

/** Looks every 10 s, and whenever it is woken. Runs until the signal. */
export async function runFactsLoop(
  world: World,
  board: ObservationBoard,
  wakeUp: WakeUp,
  signal: AbortSignal,
): Promise<never> {
  const published = await readPublished(world, signal);
  const lookers = { preflight: createPreflight(world), version: createKubeletVersion(world), published };
  for (;;) {
    const host = await lookAtHost(world, board, lookers, signal);
    board.post({ host, spool: await lookAtSpool(world, board, signal) });
    await wakeUp.wait(FACTS_EVERY_MS, signal);
  }
}
