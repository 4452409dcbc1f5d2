/** systemd as the host's service manager. */
import { MedicError } from '../../ports/errors.ts';
import type { Moment } from '../../core/time/moment.ts';
import type { ServiceManager, UnitFacts, UnitRole } from '../../ports/host.ts';
import { findProcess } from '../process/find-process.ts';
import type { Commands } from '../command.ts';
import type { HostNamespaces } from '../namespaces.ts';
import { parseUnits, UNIT_PROPERTIES } from './unit-facts.ts';

/** Where no process runs, a service of one of these names that failed or is being started is the one that should. */
const WELL_KNOWN: Readonly<Record<UnitRole, readonly string[]>> = {
  kubelet: [
    'kubelet.service',
    'k3s.service',
    'k3s-agent.service',
    'rke2-server.service',
    'rke2-agent.service',
    'k0scontroller.service',
    'k0sworker.service',
    'snap.kubelet-eks.daemon.service',
    'snap.kubelet.daemon.service',
    'snap.microk8s.daemon-kubelite.service',
  ],
  runtime: [
    'containerd.service',
    'crio.service',
    'docker.service',
    'k3s.service',
    'k3s-agent.service',
    'rke2-server.service',
    'rke2-agent.service',
    'snap.microk8s.daemon-containerd.service',
  ],
};

const MAX_BYTES = 65_536;

export interface SystemdOptions {
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

  async function showAll(units: readonly string[], signal: AbortSignal): Promise<readonly UnitFacts[]> {
    const argv = ['systemctl', 'show', `--property=${UNIT_PROPERTIES.join(',')}`, ...units];
    return parseUnits(await run(argv, signal), options.now?.());
  }

  async function find(role: UnitRole, signal: AbortSignal): Promise<UnitFacts | undefined> {
    const endpoint = role === 'runtime' ? await options.endpoint(signal) : undefined;
    const running = await findProcess(namespaces, role, endpoint, signal);
    if (running !== undefined) return (await showAll([running.unit], signal))[0];
    const candidates = await showAll(WELL_KNOWN[role], signal);
    return candidates.find((unit) => unit.activeState !== 'inactive') ?? candidates[0];
  }

  return {
    find,
    show: async (unit, signal) => (await showAll([unit], signal))[0],
    async restart(unit, signal): Promise<string> {
      const argv = ['systemctl', 'restart', unit];
      await run(argv, signal);
      return commands.describe(argv);
    },
    async reboot(signal): Promise<string> {
      const argv = ['systemctl', 'reboot'];
      await run(argv, signal);
      return commands.describe(argv);
    },
  };
}
