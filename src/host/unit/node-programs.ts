/** Kubelet and runtime of the host: their units by systemd's word, their processes by systemd's and the kernel's. */
import type { Clock } from '../../ports/clock.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { ServiceManager, UnitFacts, UnitRole } from '../../ports/host.ts';
import { type Limit, withDeadline } from '../../runtime/deadline.ts';
import type { HostNamespaces } from '../namespaces.ts';
import { findProcess, type FoundProcess } from '../process/find-process.ts';
import { type NamedUnits, unitsOf } from './known-units.ts';

export interface ProgramOptions {
  readonly namespaces: HostNamespaces;
  readonly services: Pick<ServiceManager, 'find'>;
  readonly clock: Clock;
  readonly named: NamedUnits;
  readonly endpoint: (signal: AbortSignal) => Promise<string | undefined>;
}

export type FindProgram = (role: UnitRole, signal: AbortSignal) => Promise<FoundProcess | undefined>;

/** systemd answers within milliseconds. One that hangs must not hold up evidence of a kubelet that hangs with it. */
const SYSTEMD_LIMIT: Limit = { ms: 2_000, code: 'E_AGENT_DEADLINE', what: 'systemd' };

/** @throws `E_HOST_FOREIGN` for a process that is not the host's. undefined: none runs. */
export function createPrograms({ namespaces, services, clock, named, endpoint }: ProgramOptions): FindProgram {
  /** undefined: systemd does not answer. */
  async function ask(
    role: UnitRole,
    signal: AbortSignal,
  ): Promise<{ readonly unit: UnitFacts | undefined } | undefined> {
    try {
      return { unit: await withDeadline(clock, SYSTEMD_LIMIT, signal, (inner) => services.find(role, inner)) };
    } catch (error) {
      if (isMedicError(error) && error.code === 'E_HOST_FOREIGN') throw error;
      signal.throwIfAborted();
      return undefined;
    }
  }

  return async (role, signal) => {
    const answer = await ask(role, signal);
    const { procRoot } = namespaces;
    if (answer === undefined) {
      const choice = unitsOf(role, named, role === 'runtime' ? await endpoint(signal) : undefined);
      return await findProcess(procRoot, { role, ...choice }, signal);
    }
    const { unit } = answer;
    if (unit === undefined || unit.mainPID === 0) return undefined;
    const query = { role, units: [unit.unit], mainPID: unit.mainPID, isNamed: named[role] !== undefined };
    return await findProcess(procRoot, query, signal);
  };
}
