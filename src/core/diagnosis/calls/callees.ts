/**
 * Whom a call is of, by the words that its emitters use. Names of pods, images and files may have the same words in them, so
 * none counts within a name or a path.
 *
 * Sources of the words: pkg/kubelet (kuberuntime, cri/remote, volumemanager, cm/devicemanager, events), containerd internal/cri
 * and core/runtime, CRI-O server and oci, moby daemon and api/server, runc libcontainer/cgroups/systemd, go-systemd, libcni, CSI.
 */

/**
 * - `network`: a network plugin. - `systemd`: a unit or D-Bus. - `storage`: a mount, a volume, a disk.
 * - `device`: a device plugin. - `oci`: runc or a shim. - `sandbox`: a pod's sandbox as a whole.
 * - `container`: one container. - `list`: the runtime's lists, status and version. - `socket`: nobody takes the connection.
 */
export const CALLEES = [
  'network',
  'systemd',
  'storage',
  'device',
  'oci',
  'sandbox',
  'container',
  'list',
  'socket',
] as const;
export type Callee = (typeof CALLEES)[number];

/** Not within a name or a path. Who writes a line (`systemd[1]:`) is not whom it speaks of. */
function words(source: string, flags = 'gi'): RegExp {
  return new RegExp(String.raw`(?<![\w./-])(?:${source})(?![\w/-])`, flags);
}

/** Whom a call reaches last is what it waits for. Those further on in the list reach those before. */
const INNER: readonly (readonly [Callee, RegExp])[] = [
  [
    'network',
    words(
      String.raw`cni|cni0|libcni|network ?plugins?(?: cni)?|NetworkPluginNotReady|cni plugin|plugin type=\S{1,64}|(?:set ?up|tear ?down|create|configure|destroy|delete|remove|clean(?: up)?|release) (?:pod )?(?:sandbox )?network(?: for| stack| namespace)?|networking? for (?:sandbox|pod)|ipam|SetUpPod|TearDownPod|sandbox network|pod network`,
    ),
  ],
  [
    'systemd',
    words(
      String.raw`d-?bus|org\.freedesktop\.systemd1|StartTransientUnit|(?:Start|Stop|Restart)Unit|systemd to (?:create|remove|start|stop)|(?:start|stop|kill|create|remove) (?:transient )?(?:scope |slice )?unit|transient (?:scope )?unit|system bus|systemctl|systemd (?:itself|does|did|is|was|has|hangs?|hung|stuck|not|never|unresponsive|manager)`,
    ),
  ],
  // A unit's name alone is a place in the tree of control groups.
  [
    'systemd',
    /(?:[Uu]nit|[Jj]ob|[Cc]reat(?:e|ing)|[Rr]emov(?:e|ing)|[Ss]tart(?:ing)?|[Ss]topp?(?:ing)?|[Kk]ill(?:ing)?) (?:of |for )?[\\"'\u00b7]{0,4}[\w:@\\-][\w.:@\\-]{0,200}\.(?:slice|scope)(?![\w/.-])|[\w:@\\-]\.(?:slice|scope): (?:[Uu]nit|[Ss]t(?:opp|art)ing|[Ff]ailed|[Kk]illing|[Pp]rocesses? still|[Ss]till)/g,
  ],
  [
    'storage',
    words(
      String.raw`(?:Unm|M)ount(?:Volume|Device)(?:\.\w{1,32})?|Node(?:Stage|Unstage|Publish|Unpublish|GetVolumeStats|Expand)\w{0,12}|csi|CSI driver|un-?mount(?:ing|ed)?|umount|mount(?:ing|ed)?(?: command)?|mount\.\w{2,8}|nfs4?|statfs|fsync|fdatasync|volumes? (?:\S{1,80} )?(?:to (?:attach|mount)|mount|attach)|unmounted volumes|unattached volumes|snapshotter|devmapper|device mapper|thin pool|blkid|lstat`,
    ),
  ],
  [
    'device',
    words(
      String.raw`device ?plugins?|devicemanager|device manager|GetPreferredAllocation|PreStartContainer|ListAndWatch|Allocate(?: failed| call)?|allocate (?:devices|resources)|plugin (?:resource|endpoint)|device allocation`,
    ),
  ],
  [
    'oci',
    words(
      String.raw`OCI runtime|runc|crun|runsc|conmon|(?:create|start|delete|kill|load|get|update|exec) (?:\w{1,12} )?(?:shim(?: task)?|task)|containerd task|shims?|containerd-shim(?:-\w{1,12}){0,3}|ttrpc`,
    ),
  ],
];

const OUTER: readonly (readonly [Callee, RegExp])[] = [
  [
    'sandbox',
    words(
      String.raw`(?:Run|Stop|Remove)PodSandbox|(?:Create|Kill)PodSandbox(?:Error)?|Failed(?:Create|Kill)PodSandBox|(?:create|start|run|stop|kill|remove|reserve) (?:the )?(?:pod )?sandbox(?: container| name)?`,
    ),
  ],
  [
    'container',
    words(
      String.raw`(?:Create|Start|Stop|Remove|Kill|Inspect|Update)Container(?:Resources|Error)?|ContainerStatus|PodSandboxStatus|(?:Container|PodSandbox)Stats|container status|(?:create|start|stop|kill|killing|remove|inspect|delete|wait|exit of)(?: for)?(?: the)? container|docker (?:inspect|stop|kill|rm|start|logs)|crictl (?:inspectp?|stopp?|rmp?|stats)|(?:get|GET|POST|DELETE) \S{0,20}/containers/(?!json)[\w.-]{1,80}(?:/\w{1,12})?|error killing pod|FailedKillPod|get state for|to be killed`,
    ),
  ],
  [
    'list',
    words(
      String.raw`List(?:PodSandbox|Containers|Images|ContainerStats|PodSandboxStats)|ImageFsInfo|(?:runtime |cri )?(?:Status|Version) from runtime service|runtime (?:status|version)|retrieve pods|list (?:pod sandboxes|sandboxes|containers|images|all containers)|docker (?:ps|info|version|images)|crictl (?:ps|pods|info|version|images)|(?:get|GET) \S{0,20}/(?:containers/json|info|version|images/json)\S{0,40}|container runtime|docker (?:endpoint|server)|docker ?daemon|(?:dockerd|containerd|cri-?o)(?!\[\d|: |:$)`,
    ),
  ],
  [
    'socket',
    /(?<!factory failed.{0,200})\bdial(?:ing)?:?(?: unix)? (?:unix:\/\/)?\/[\w./-]{1,120}\.sock|connect to (?:the docker daemon|\S{0,12}\/[\w./-]{1,120}\.sock)/gi,
  ],
];

/** The end of the last word of a kind; -1: it has none. */
function lastOf(text: string, pattern: RegExp): number {
  let at = -1;
  for (const found of text.matchAll(pattern)) at = found.index;
  return at;
}

/** Whom a call of this text reaches last; undefined: it names nobody. */
export function calleeIn(text: string): Callee | undefined {
  return latest(text, INNER) ?? latest(text, OUTER);
}

function latest(text: string, kinds: readonly (readonly [Callee, RegExp])[]): Callee | undefined {
  let best: Callee | undefined;
  let bestAt = -1;
  for (const [callee, pattern] of kinds) {
    const at = lastOf(text, pattern);
    if (at > bestAt) [best, bestAt] = [callee, at];
  }
  return best;
}
