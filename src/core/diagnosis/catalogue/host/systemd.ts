/** systemd and D-Bus. */
import type { Cause } from '../cause.ts';

const SYSTEMD = { class: 'SystemdOrDbus', restartKubelet: 'DoesNotHelp', restartRuntime: 'DoesNotHelp' } as const;

export const SYSTEMD_CAUSES: readonly Cause[] = [
  {
    ...SYSTEMD,
    id: 'systemd-dbus-hang',
    summary: 'systemd does not answer on D-Bus: units for pods and containers cannot be made.',
    explains: ['runtime-hung', 'kubelet-dbus-connection-dead'],
    signs: [
      { kind: 'call', callee: ['systemd'], weight: 0.52 },
      { kind: 'call', callee: ['systemd'], atLeast: 3, minutes: 2, weight: 0.65 },
      { kind: 'stack', frames: ['go-systemd/dbus.(*conn).startjob'], weight: 0.88 },
      { kind: 'stack', frames: ['godbus/dbus*', 'starttransientunit*'], weight: 0.88 },
      { kind: 'stack', frames: ['go-systemd/v22/dbus.(*conn).startjob'], weight: 0.88 },
      { kind: 'stack', frames: ['godbus/dbus*', 'go-systemd*'], waits: ['receive', 'lock', 'select'], weight: 0.6 },
      {
        kind: 'log',
        pattern: /Timed out while waiting for (?:Stop|Start)Unit\([^\n]{1,200}\) completion signal from dbus/g,
        weight: 0.7,
      },
      { kind: 'log', pattern: /Failed to start transient scope unit: Connection timed out/g, weight: 0.4 },
      {
        kind: 'log',
        pattern:
          /Failed to activate service 'org\.freedesktop\.systemd1': timed out|org\.freedesktop\.systemd1: Connection timed out|Failed to (?:list units|get properties|propagate agent release message): (?:Connection timed out|Transport endpoint is not connected|Operation not supported)/g,
        weight: 0.6,
      },
      { kind: 'log', pattern: /[Tt]imeout waiting for systemd to (?:create|remove) /g, weight: 0.55 },
    ],
    recommendation: 'systemctl daemon-reexec, or reboot; upgrade systemd to 242 or later.',
    references: ['systemd/systemd#11809', 'opencontainers/runc#3904', 'kubernetes/kubernetes#92766'],
  },
  {
    ...SYSTEMD,
    id: 'systemd-mount-unit-storm',
    summary: 'systemd cannot keep up with the mounts of hundreds of volumes.',
    signs: [
      {
        kind: 'log',
        pattern: /systemd-run[^\n]{0,400}Failed to start transient scope unit: Connection timed out/g,
        weight: 0.65,
      },
      { kind: 'log', pattern: /Failed to start transient scope unit: Connection timed out/g, atLeast: 10, weight: 0.5 },
    ],
    recommendation: 'Fewer pods and mounts on the node; upgrade systemd.',
    references: ['kubernetes/kubernetes#79194', 'kubernetes/kubernetes#57345'],
  },
  {
    ...SYSTEMD,
    id: 'dbus-signal-goroutine-leak',
    restartKubelet: 'Helps',
    summary: 'Goroutines of the D-Bus client leak until the kubelet has too many threads and crashes.',
    relistMayIdle: true,
    signs: [
      { kind: 'stack', frames: ['(*signalchanneldata).deferreddeliver'], atLeast: 100, weight: 0.9 },
      { kind: 'log', pattern: /runtime: program exceeds 10000-thread limit/g, weight: 0.6 },
    ],
    recommendation: 'The kubelet exits and starts anew; upgrade it.',
    references: ['kubernetes/kubernetes#120613'],
  },
  {
    ...SYSTEMD,
    id: 'kubelet-dbus-connection-dead',
    restartKubelet: 'Helps',
    summary: "The kubelet's connection to D-Bus is closed, and it goes on using it: no pod gets its cgroup.",
    relistMayIdle: true,
    signs: [{ kind: 'log', pattern: /dbus: connection closed by user/g, weight: 0.75 }],
    recommendation: 'Restart the kubelet, and upgrade it; see why dbus-daemon was restarted.',
    references: ['kubernetes/kubernetes#100328'],
  },
];
