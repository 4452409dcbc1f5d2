/** The Docker daemon: hung, down, or locked up. */
import type { Cause } from '../cause.ts';

const HUNG = { class: 'RuntimeHung', restartKubelet: 'DoesNotHelp', restartRuntime: 'Helps' } as const;

export const DOCKER_CAUSES: readonly Cause[] = [
  {
    ...HUNG,
    id: 'docker-daemon-down',
    summary: 'The Docker daemon is not running, or was replaced.',
    explains: ['runtime-hung', 'runtime-unavailable'],
    signs: [
      { kind: 'log', pattern: /Cannot connect to the Docker daemon|Is the docker daemon running\?/g, weight: 0.8 },
    ],
    recommendation: 'Start Docker and read its log.',
    references: ['kubernetes/kubernetes#22259', 'kubernetes/kubernetes#72533'],
  },
  {
    ...HUNG,
    id: 'dockerd-container-lock-deadlock',
    summary:
      'The Docker daemon holds the lock of a container and does not let go of it; inspecting that container hangs.',
    explains: ['runtime-hung', 'dockerd-does-not-answer', 'dockerd-waits-for-containerd', 'relist-slow'],
    signs: [
      {
        kind: 'stack',
        frames: ['daemon.(*daemon).containerinspect*'],
        waits: ['lock'],
        of: ['dockerd'],
        weight: 0.9,
      },
      { kind: 'stack', frames: ['container.(*state)*'], waits: ['lock'], of: ['dockerd'], weight: 0.8 },
      { kind: 'stack', frames: ['daemon.(*daemon).reduce*'], waits: ['lock'], of: ['dockerd'], weight: 0.86 },
      // Whatever dockerd does with one container, it does with the lock of it: start, stop, exec, remove.
      {
        kind: 'stack',
        frames: ['sync*', 'daemon.(*daemon).container*'],
        waits: ['lock'],
        of: ['dockerd'],
        lasting: true,
        weight: 0.8,
      },
      {
        kind: 'stack',
        frames: ['daemon/exec.(*store)*'],
        waits: ['lock'],
        of: ['dockerd'],
        lasting: true,
        weight: 0.7,
      },
      { kind: 'stack', frames: ['grpc*', 'libcontainerd*'], of: ['dockerd'], weight: 0.4, support: true },
    ],
    recommendation: 'Restart Docker; kill the hung runc or shim of that container.',
    references: ['moby/moby#37910', 'moby/moby#27566', 'docker/for-linux#397', 'awslabs/amazon-eks-ami#1071'],
  },
  {
    ...HUNG,
    id: 'dockerd-does-not-answer',
    summary: 'relist waits for the Docker daemon to answer.',
    kubelets: { before: '1.24' },
    explains: ['runtime-hung'],
    sureOnlyIfProbe: ['Timeout', 'Unavailable'],
    signs: [
      {
        kind: 'relist',
        place: ['cri', 'other'],
        frames: ['http.(*persistconn).roundtrip', 'kubedockerclient*'],
        weight: 0.7,
      },
      {
        kind: 'stack',
        frames: ['http.(*persistconn).roundtrip', 'kubedockerclient*'],
        of: ['kubelet'],
        atLeast: 2,
        weight: 0.6,
      },
      {
        kind: 'log',
        pattern: /Unable to retrieve pods[^\n]{0,80}operation timeout: context deadline exceeded/g,
        weight: 0.55,
      },
      { kind: 'probe', states: ['Timeout', 'Unavailable'], weight: 0.7, support: true },
    ],
    recommendation:
      'See which of `docker ps` and `docker inspect` hangs; restart Docker, kill hung runc and shim processes.',
    references: ['moby/moby#27761', 'docker/for-linux#543', 'awslabs/amazon-eks-ami#195'],
  },
  {
    ...HUNG,
    id: 'dockerd-waits-for-containerd',
    summary: 'The Docker daemon waits for containerd, which does not answer it.',
    explains: ['runtime-hung', 'dockerd-does-not-answer'],
    signs: [
      {
        kind: 'stack',
        frames: ['grpc*', 'libcontainerd*'],
        // These last as long as a container, or as the daemon.
        without: ['.wait', 'eventstream*', 'handleconnectionchange*'],
        of: ['dockerd'],
        lasting: true,
        weight: 0.6,
      },
    ],
    recommendation: 'Look at containerd and its shims; restart containerd and Docker, kill the hung shim.',
    references: ['docker/for-linux#1385', 'moby/moby#27566'],
  },
];
