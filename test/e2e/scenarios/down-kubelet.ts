/** A kubelet that is down, or is held: by a person, by the kernel, by its own configuration. Only one that failed is started. */
import { STATE } from '../lab.ts';
import type { Scenario } from '../scenario.ts';
import { run } from '../shell.ts';
import { type HostFault, tellInTurn } from './faults-in-turn.ts';

const NAME = 'down-kubelet';
const NODE = { name: 'node-20' };
const DROP_IN = '/run/systemd/system/kubelet.service.d/fault.conf';
const PID = '$(systemctl show kubelet -p MainPID --value)';
const MEND = `rm -f ${DROP_IN}; systemctl daemon-reload; systemctl reset-failed kubelet; systemctl restart kubelet`;

/** A line or two of [Service], for as long as the machine is up. */
function dropIn(lines: string): string {
  return `mkdir -p $(dirname ${DROP_IN}); printf '[Service]\\n%s\\n' '${lines}' > ${DROP_IN}; systemctl daemon-reload`;
}

/** As some packages have it: systemd stops the kubelet with the runtime, and nothing starts it again. */
const bound = `mkdir -p $(dirname ${DROP_IN}); printf '[Unit]\\nBindsTo=containerd.service\\n' > ${DROP_IN}; systemctl daemon-reload`;

/** A debugger, as perl has one: PTRACE_ATTACH to each thread, which stops it. */
const ATTACH =
  'for my $t (map { m{(\\d+)$} } glob "/proc/$ARGV[0]/task/*") { syscall(101, 16, 0 + $t, 0, 0) } sleep 900';
/** A Go program that waits in the kernel for ever, in place of the kubelet. */
const STAND_IN = '/usr/local/bin/uninterruptible';

const FAULTS: readonly HostFault[] = [
  {
    fault: 'kubelet killed, and its unit does not start it again',
    breakIt: `${dropIn('Restart=no')}; kill -KILL ${PID}`,
    mend: `rm -f ${DROP_IN}; systemctl daemon-reload; systemctl start kubelet`,
    ends: { cause: 'kubelet-failed', act: 'RestartKubelet' },
  },
  {
    fault: 'kubelet stopped by systemd, since its runtime crashed',
    breakIt: `${bound}; kill -KILL $(systemctl show containerd -p MainPID --value)`,
    mend: `rm -f ${DROP_IN}; systemctl daemon-reload; systemctl start kubelet`,
    ends: { cause: 'kubelet-failed', act: 'RestartKubelet' },
  },
  {
    fault: 'kubelet masked',
    // A unit of the machine's own is not masked: it has to be the package's.
    breakIt: `set -e; cd /etc/systemd/system; mv kubelet.service /usr/lib/systemd/system/; systemctl daemon-reload; systemctl mask --now kubelet`,
    mend: 'systemctl unmask kubelet; systemctl daemon-reload; systemctl start kubelet',
    ends: { cause: 'kubelet-masked', reason: 'HeldByPerson', says: 'the kubelet is Masked', signWithin: 20 },
  },
  {
    fault: 'kubelet held by a debugger',
    breakIt: `systemd-run --unit=debugger perl -e '${ATTACH}' ${PID}`,
    mend: `systemctl stop debugger; kill -CONT ${PID}`,
    ends: { cause: 'kubelet-debugged', reason: 'HeldByPerson', says: 'the kubelet is Debugged', signWithin: 20 },
  },
  {
    fault: 'kubelet waits in the kernel (state D)',
    breakIt: `${dropIn(`ExecStart=\nExecStart=${STAND_IN}`)}; systemctl restart kubelet`,
    mend: MEND,
    ends: {
      cause: 'kubelet-uninterruptible',
      reason: 'RestartDoesNotHelp',
      says: 'the kubelet is Uninterruptible',
      signWithin: 30,
    },
  },
  {
    fault: 'kubelet crash-looping on a bad configuration',
    breakIt: `echo 'syncFrequency: soon' >> /etc/kubernetes/kubelet.yaml; systemctl restart kubelet`,
    mend: `sed -i '/^syncFrequency: soon/d' /etc/kubernetes/kubelet.yaml; ${MEND}`,
    ends: {
      cause: 'kubelet-crash-loop',
      reason: 'RestartDoesNotHelp',
      says: 'the kubelet is CrashLooping',
      signWithin: 20,
    },
    check: (report, { incident }) => {
      const told = incident.status.diagnosis?.evidence.join('; ') ?? '';
      report.check(NAME, "the record has the line of the kubelet's own error", /command failed.*soon/.test(told), told);
    },
  },
];

export const downKubelet: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 1,
  // When nodes whose times are taken have had their breach.
  startAfterMs: 270_000,
  async run(report) {
    const source = new URL('../../lab/uninterruptible.go', import.meta.url).pathname;
    await run('go', ['build', '-o', `${STATE}/rootfs-${NODE.name}${STAND_IN}`, source], { env: { CGO_ENABLED: '0' } });
    await tellInTurn(report, { scenario: NAME, node: NODE.name }, FAULTS);
  },
};
