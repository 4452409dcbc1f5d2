/** systemd as the host's service manager. */
import { setTimeout } from 'node:timers/promises';
import { formatSeconds } from '../../core/time/duration.ts';
import { isMedicError, MedicError } from '../../ports/errors.ts';
import type { Moment } from '../../core/time/moment.ts';
import type { ServiceManager, UnitFacts, UnitRole } from '../../ports/host.ts';
import { foreignSign } from '../process/foreign-sign.ts';
import type { Commands } from '../command.ts';
import type { HostNamespaces } from '../namespaces.ts';
import { isKnownUnit, type NamedUnits, unitsOf } from './known-units.ts';
import { unasked } from './unasked.ts';
import { parseUnits, UNIT_PROPERTIES } from './unit-facts.ts';

const MAX_BYTES = 65_536;

interface Late {
  readonly pid: number;
  readonly afterMs: number | undefined;
  readonly signal: AbortSignal;
}

export interface SystemdOptions {
  /** Units that the installation names. */
  readonly named?: NamedUnits;
  /** The CRI endpoint of the kubelet: it says which runtime is meant. */
  readonly endpoint: (signal: AbortSignal) => Promise<string | undefined>;
  /** Both clocks of the host; the monotonic one counts from its boot, as systemd's does. Without it times are as systemd prints them. */
  readonly now?: () => Moment;
}

export function createSystemd(namespaces: HostNamespaces, commands: Commands, options: SystemdOptions): ServiceManager {
  async function run(argv: readonly string[], signal: AbortSignal): Promise<string> {
    const result = await commands.run(argv, { signal, maxBytes: MAX_BYTES });
    if (result.exitCode === 0) return result.stdout.toString('utf8');
    const words = result.stderr.trim();
    throw new MedicError(
      'E_HOST_COMMAND',
      'transient',
      `${argv.join(' ')}: exit ${String(result.exitCode)}${words === '' ? '' : `: ${words}`}`,
    );
  }

  /** As `run`, and a failure says what is wrong with systemd, and not how it was asked. */
  async function asked(argv: readonly string[], signal: AbortSignal): Promise<string> {
    const answer = await commands.run(argv, { signal, maxBytes: MAX_BYTES }).catch((error: unknown) => {
      if (signal.aborted || !isMedicError(error) || error.code !== 'E_HOST_COMMAND') throw error;
      return error;
    });
    if (answer instanceof MedicError) throw await unasked(namespaces.hostRoot, 'systemctl cannot be run', answer);
    const { exitCode, stdout, stderr } = answer;
    if (exitCode === 0) return stdout.toString('utf8');
    throw await unasked(namespaces.hostRoot, stderr.trim() === '' ? `exit ${String(exitCode)}` : stderr.trim());
  }

  async function showAll(units: readonly string[], signal: AbortSignal): Promise<readonly UnitFacts[]> {
    const argv = ['systemctl', 'show', `--property=${UNIT_PROPERTIES.join(',')}`, ...units];
    return parseUnits(await asked(argv, signal), options.now?.());
  }

  /** Units that were found under a name of the lists: one may be another name of the unit (`Alias=`). */
  const found = new Set<string>();
  const named = options.named ?? {};

  async function find(role: UnitRole, signal: AbortSignal): Promise<UnitFacts | undefined> {
    const endpoint = role === 'runtime' ? await options.endpoint(signal) : undefined;
    const { units, isNamed } = unitsOf(role, named, endpoint);
    const shown = await showAll(units, signal);
    for (const { unit } of shown) found.add(unit);
    const signs: string[] = [];
    for (const facts of shown.filter(({ mainPID }) => mainPID !== 0)) {
      const claim = { pid: facts.mainPID, unit: facts.unit, isNamed };
      const sign = await foreignSign(namespaces.procRoot, claim, signal);
      if (sign === undefined) return facts;
      signs.push(`process ${String(facts.mainPID)} of ${facts.unit} is not taken for the ${role}: ${sign}`);
    }
    if (signs.length > 0) throw new MedicError('E_HOST_FOREIGN', 'terminal', signs.join('; '));
    // Where none runs, one that failed or is being started is the one that should.
    return shown.find(({ activeState }) => activeState !== 'inactive') ?? shown[0];
  }

  /**
   * SIGKILL to a main process that has not followed SIGTERM in time. systemd goes on with its job, the start of another one.
   * @returns what was done; undefined: nothing.
   */
  async function killLate(unit: string, { pid, afterMs, signal }: Late): Promise<string | undefined> {
    if (afterMs === undefined || pid === 0) return undefined;
    try {
      await setTimeout(afterMs, undefined, { signal });
      const [shown] = await showAll([unit], signal);
      if (shown?.mainPID !== pid || shown.activeState !== 'deactivating') return undefined;
      await run(['systemctl', 'kill', '--kill-who=main', '--signal=SIGKILL', unit], signal);
      return `SIGKILL to process ${String(pid)} after ${formatSeconds(afterMs)}`;
    } catch {
      // The restart is over, or its own end says what is wrong.
      return undefined;
    }
  }

  return {
    find,
    show: async (unit, signal) => (await showAll([unit], signal))[0],
    async restart(unit, signal, stopTimeoutMs): Promise<string> {
      // The name may come from a record in the API.
      if (!found.has(unit) && !isKnownUnit(unit, named)) {
        throw new MedicError('E_HOST_COMMAND_REFUSED', 'bug', `${unit} is no unit of a kubelet or a runtime`);
      }
      // systemd does not start a unit again that has reached its StartLimitBurst, until that is forgotten.
      const [shown] = await showAll([unit], signal);
      if (shown?.activeState === 'failed') await run(['systemctl', 'reset-failed', unit], signal);
      const argv = ['systemctl', 'restart', unit];
      const over = new AbortController();
      const late = { pid: shown?.mainPID ?? 0, afterMs: stopTimeoutMs, signal: AbortSignal.any([signal, over.signal]) };
      const [, killed] = await Promise.all([
        run(argv, signal).finally(() => {
          over.abort();
        }),
        killLate(unit, late),
      ]);
      return killed === undefined ? commands.describe(argv) : `${commands.describe(argv)}; ${killed}`;
    },
    async reboot(signal): Promise<string> {
      const argv = ['systemctl', 'reboot'];
      await run(argv, signal);
      return commands.describe(argv);
    },
  };
}
