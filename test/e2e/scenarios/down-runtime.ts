/** A container runtime that is down: stopped or masked by a person, failed, crash-looping. Only one that failed is started. */
import type { Scenario } from '../scenario.ts';
import { type HostFault, tellInTurn } from './faults-in-turn.ts';

const NAME = 'down-runtime';
const NODE = { name: 'node-21' };
const DROP_IN = '/run/systemd/system/containerd.service.d/fault.conf';
const PID = '$(systemctl show containerd -p MainPID --value)';

function dropIn(lines: string): string {
  return `mkdir -p $(dirname ${DROP_IN}); printf '[Service]\\n%s\\n' '${lines}' > ${DROP_IN}; systemctl daemon-reload`;
}

const FAULTS: readonly HostFault[] = [
  {
    fault: 'runtime stopped by a person',
    breakIt: 'systemctl stop containerd',
    mend: 'systemctl start containerd',
    ends: { cause: 'runtime-stopped', reason: 'HeldByPerson', says: 'the runtime is Stopped', signWithin: 15 },
  },
  {
    fault: 'runtime masked',
    breakIt: 'systemctl mask --now containerd',
    mend: 'systemctl unmask containerd; systemctl start containerd',
    ends: { cause: 'runtime-masked', reason: 'HeldByPerson', says: 'the runtime is Masked', signWithin: 15 },
  },
  {
    fault: 'runtime killed, and its unit does not start it again',
    breakIt: `${dropIn('Restart=no')}; kill -KILL ${PID}`,
    mend: `rm -f ${DROP_IN}; systemctl daemon-reload; systemctl start containerd`,
    ends: { cause: 'runtime-failed', act: 'RestartRuntime' },
    check: (report, { row }) => {
      report.figure({
        scenario: NAME,
        what: `${row.fault}: restart issued to Ready=True`,
        value: (row.readyAfter ?? Number.NaN) - (row.actedAfter ?? Number.NaN),
        limit: 30,
        unit: 's',
      });
    },
  },
  {
    fault: 'runtime crash-looping',
    breakIt: `${dropIn('ExecStart=\nExecStart=/bin/false')}; systemctl restart --no-block containerd`,
    mend: `rm -f ${DROP_IN}; systemctl daemon-reload; systemctl reset-failed containerd; systemctl restart containerd`,
    ends: {
      cause: 'runtime-crash-loop',
      reason: 'RestartDoesNotHelp',
      says: 'the runtime is CrashLooping',
      signWithin: 15,
    },
  },
];

export const downRuntime: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 1,
  // When nodes whose times are taken have had their breach.
  startAfterMs: 285_000,
  async run(report) {
    await tellInTurn(report, { scenario: NAME, node: NODE.name }, FAULTS);
  },
};
