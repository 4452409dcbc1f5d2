/** containerd, CRI-O and others: hung, down, or locked up. */
import type { Cause } from '../cause.ts';

const HUNG = { class: 'RuntimeHung', restartKubelet: 'DoesNotHelp', restartRuntime: 'Helps' } as const;
const LIST = ['ListPodSandbox', 'ListContainers', 'Status', 'Version', 'ListImages', 'ImageFsInfo'];
const STATUS = ['PodSandboxStatus', 'ContainerStatus'];

export const RUNTIME_CAUSES: readonly Cause[] = [
  {
    ...HUNG,
    id: 'runtime-hung',
    summary: 'relist waits for the container runtime to answer {method}.',
    notIfProbe: ['Answered'],
    sureOnlyIfProbe: ['Timeout', 'Unavailable'],
    restartKubelet: 'Harms',
    explains: [
      'runtime-lock-held',
      'runtime-unavailable',
      'pleg-never-relisted',
      'pod-sandbox-creation-hung',
      'runtime-status-never-completes',
    ],
    signs: [
      { kind: 'call', callee: ['list'], codes: ['late', 'hangs'], weight: 0.52 },
      { kind: 'call', callee: ['list'], codes: ['late', 'hangs'], atLeast: 3, minutes: 2, weight: 0.6 },
      { kind: 'relist', place: ['cri'], methods: LIST, weight: 0.62 },
      { kind: 'relist', place: ['cri'], methods: STATUS, weight: 0.4 },
      { kind: 'probe', states: ['Timeout', 'Unavailable'], weight: 0.76, support: true },
      { kind: 'relist', place: ['cri'], methods: LIST, movement: ['same-call'], weight: 0.3, support: true },
      {
        kind: 'stack',
        frames: ['grpc*', '(*runtimeserviceclient).list*'],
        of: ['kubelet'],
        without: ['pleg*', 'listcontainerstats', 'listpodsandboxstats'],
        weight: 0.4,
      },
      {
        kind: 'log',
        pattern:
          /(?<![A-Za-z])(?:ListPodSandbox|ListContainers|Status|Version)(?: with filter[^\n]{0,200})? from runtime service failed[^\n]{0,200}(?:DeadlineExceeded|code = 4 desc|operation timeout)/g,
        weight: 0.52,
      },
      {
        kind: 'log',
        pattern: /Unable to retrieve pods[^\n]{0,100}(?:DeadlineExceeded|code = 4 desc|operation timeout)/g,
        weight: 0.45,
      },
      {
        // As the runtime says it.
        kind: 'log',
        pattern:
          /(?<![A-Za-z])(?:ListPodSandbox|ListContainers)[^\n]{0,200} failed[^\n]{0,20} error[:=][^\n]{0,200}DeadlineExceeded/g,
        weight: 0.45,
      },
      { kind: 'log', pattern: /container runtime is down/g, weight: 0.3 },
    ],
    recommendation:
      'Restart the runtime, then look at the kubelet. Restarting the kubelet alone would make it crash-loop.',
    ifUnasked: 'From the stack alone a dead connection looks the same: ask the runtime (crictl pods).',
    references: ['kubernetes/kubernetes#45419', 'kubernetes/kubernetes#94829'],
  },
  {
    ...HUNG,
    id: 'runtime-unavailable',
    summary:
      'The container runtime takes no connections at its socket: it is not running, or hangs; a kubelet that starts now exits at once.',
    notIfProbe: ['Answered'],
    explains: ['kubelet-does-not-start', 'runtime-status-never-completes', 'pleg-never-relisted'],
    signs: [
      { kind: 'call', callee: ['socket', 'list'], codes: ['unavailable'], weight: 0.5 },
      { kind: 'call', callee: ['socket'], codes: ['late', 'hangs'], weight: 0.5 },
      {
        kind: 'log',
        pattern:
          /validate CRI v1(?:alpha2)? (?:runtime|image) API for endpoint[^\n]{0,300}(?:Unavailable|DeadlineExceeded|connect|deadline)/g,
        weight: 0.65,
      },
      {
        kind: 'log',
        pattern:
          // cAdvisor looks for every runtime that there is, so it says the same of the others on every node.
          /(?:code = Unavailable|createTransport failed|validate service connection)(?<!factory failed[^\n]{0,200})[^\n]{0,200}dial unix [^\n]{0,120}\.sock[^\n]{0,60}(?:connection refused|no such file)/g,
        weight: 0.6,
      },
      { kind: 'probe', states: ['Unavailable'], weight: 0.7, support: true },
    ],
    recommendation: 'Restart the runtime and read its log; the kubelet comes back by itself.',
    references: ['kubernetes/kubernetes#22259'],
  },
  {
    ...HUNG,
    id: 'runtime-lock-held',
    summary:
      'The container runtime has been waiting for one of its own locks for minutes, whose holder does not let go of it.',
    signs: [
      { kind: 'block', at: ['lock'], of: ['containerd', 'crio', 'dockerd'], weight: 0.6 },
      { kind: 'block', at: ['lock'], of: ['containerd', 'crio', 'dockerd'], atLeast: 5, weight: 0.7 },
    ],
    recommendation: 'Restart the runtime; its stacks show which lock it is, and what the holder waits for.',
    references: ['moby/moby#37910', 'containerd/containerd#9770'],
  },
  {
    ...HUNG,
    id: 'containerd-status-store-lock',
    summary:
      'containerd holds the lock of a container status while its shim or disk does not answer, so that lists hang.',
    explains: ['runtime-hung', 'containerd-shim-hung'],
    signs: [
      {
        kind: 'stack',
        frames: ['store/container.(*statusstorage)*', 'criservice).listcontainers'],
        waits: ['lock'],
        weight: 0.92,
      },
      {
        kind: 'stack',
        frames: ['store/container.(*statusstorage)*', 'criservice)*'],
        waits: ['lock'],
        weight: 0.8,
      },
    ],
    recommendation: 'Relieve the disk or kill the hung shim; restart containerd.',
    references: ['containerd/containerd#9770', 'containerd/containerd#10583'],
  },
  {
    ...HUNG,
    id: 'containerd-metrics-lock',
    summary: 'containerd is locked up in its metrics: new tasks wait for the lock of a metrics namespace.',
    explains: ['runtime-hung', 'containerd-shim-hung'],
    signs: [{ kind: 'stack', frames: ['go-metrics.(*namespace).withconstlabels'], waits: ['lock'], weight: 0.92 }],
    recommendation: 'Restart containerd, and upgrade it.',
    references: ['containerd/containerd#11233'],
  },
  {
    ...HUNG,
    id: 'containerd-vfio-teardown-hang',
    summary: 'containerd 2.3 hangs in the teardown of a container with a VFIO device.',
    signs: [
      { kind: 'stack', frames: ['runtime/v2.loadshim'], waits: ['io'], of: ['containerd'], weight: 0.3 },
      { kind: 'stack', frames: ['io.(*containerio).pipe'], of: ['containerd'], weight: 0.3, support: true },
      { kind: 'runtime-version', pattern: /containerd v?2\.3\./, weight: 0.4, support: true },
      {
        kind: 'host',
        events: ['hung', 'asleep'],
        owners: ['runtime', 'shim', 'runc', 'sandbox'],
        places: ['vfio'],
        weight: 0.6,
      },
      { kind: 'host', events: ['stack'], places: ['vfio'], weight: 0.6 },
    ],
    recommendation: 'Restart the runtime; use containerd 2.2 until it is fixed.',
    references: ['containerd/containerd#13814', 'rancher/rke2#10860'],
  },
  {
    ...HUNG,
    id: 'containerd-image-pull-hang',
    summary: 'containerd is held up by an image pull or list, and answers nothing else.',
    explains: ['runtime-hung'],
    signs: [
      {
        kind: 'stack',
        frames: ['criservice).pullimage'],
        waits: ['lock'],
        of: ['containerd'],
        atLeast: 3,
        weight: 0.8,
      },
      {
        kind: 'log',
        pattern: /ListImages[^\n]{0,60}from image service failed[^\n]{0,200}DeadlineExceeded/g,
        weight: 0.45,
      },
      {
        kind: 'log',
        pattern: /PullImage[^\n]{0,60}from image service failed[^\n]{0,300}DeadlineExceeded/g,
        weight: 0.3,
      },
    ],
    recommendation: 'Restart containerd; look at the registry and the disk.',
    references: ['containerd/containerd#12138'],
  },
  {
    ...HUNG,
    id: 'crio-container-lock-deadlock',
    summary: 'CRI-O holds the lock of a container, most often while it waits for one to stop; its status hangs.',
    explains: ['runtime-hung'],
    signs: [
      {
        kind: 'stack',
        frames: ['oci.(*runtimeoci).updatecontainerstatus'],
        waits: ['lock'],
        of: ['crio'],
        weight: 0.9,
      },
      { kind: 'stack', frames: ['oci.(*container).waitonstoptimeout'], of: ['crio'], lasting: true, weight: 0.6 },
      { kind: 'stack', frames: ['oci.waitcontainerstop'], of: ['crio'], lasting: true, weight: 0.5 },
      { kind: 'stack', frames: ['oci.(*runtimeoci).stopcontainer'], of: ['crio'], weight: 0.4, support: true },
    ],
    recommendation: 'Restart CRI-O, and upgrade it (`crio status goroutines` shows its stacks).',
    fixedIn: 'CRI-O 1.33',
    references: ['cri-o/cri-o#8030', 'cri-o/cri-o#9256', 'cri-o/cri-o#9406', 'cri-o/cri-o#9754'],
  },
  {
    ...HUNG,
    id: 'windows-hcs-hang',
    class: 'KernelOrHost',
    restartRuntime: 'Unknown',
    summary: 'The Host Compute Service of Windows does not answer.',
    explains: ['runtime-hung', 'dockerd-does-not-answer'],
    signs: [
      { kind: 'stack', frames: ['hcs._hcsgetcomputesystemproperties'], weight: 0.92 },
      { kind: 'stack', frames: ['hcsshim/internal/hcs*'], waits: ['syscall'], weight: 0.8 },
    ],
    recommendation: 'Restart the Host Compute Service (vmcompute), or reboot.',
    references: ['kubernetes/kubernetes#75299', 'kubernetes/kubernetes#110143'],
  },
];
