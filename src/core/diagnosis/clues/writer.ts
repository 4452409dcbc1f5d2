/**
 * Who has written a line of a log, by the marks that its form has. Words that anybody may write say little of a node: they
 * are the node's own where one of its programs has written them.
 *
 * Sources of the forms: RFC 3164, RFC 5424 and journalctl's short forms, k8s.io/klog and k8s.io/component-base/logs/json, logrus, the
 * kernel's printk, the CRI's log format, kubectl and docker compose (prefixes of containers), go-kit, zap, coredns, nginx, log4j.
 */

/**
 * - `node`: the kubelet, the runtime, the kernel, systemd or another program of the host. - `other`: anything else: an app, a CI
 *   job, a chat. - `nobody`: the line does not say; somebody may have pasted the message alone.
 */
export type Writer = 'node' | 'nobody' | 'other';

/** Names of syslog of programs that kubelet, pods and mounts depend on, in any distribution. */
const OF_NODE =
  /^(?:kernel|(?:[\w.-]{1,32}[.-])?(?:kubelet|kubelite|hyperkube|kubenswrapper)(?:[.-](?:wrapper|service|start\w{0,8}|run\w{0,4}|sh))?|(?:atomic-openshift|origin)-node|k3s(?:-agent|-server)?|rke2(?:-agent|-server)?|k0s(?:worker|controller)?|(?:docker-)?containerd(?:-shim(?:-\w{1,12}){0,3})?|docker(?:d|-current|-latest|d-current)?|crio|cri-o|cri-dockerd|cri-docker|conmon|runc|crun|runsc|kata(?:-\w{1,16})?|virtiofsd|podman|kubeadm|nvidia-container-\w{1,10}|systemd(?:-\w{1,16})?|init|dbus(?:-daemon|-broker(?:-launch)?)?|chronyd|ntpd|ntpdate|timesyncd|multipathd|iscsid|lvm|dmeventd|smartd|mdadm|rpc\.\w{1,12}|automount|mount(?:\.\w{1,8})?|umount|udevd|oomd|earlyoom|dhclient|NetworkManager)$/;
const TIME_OF_SYSLOG = String.raw`(?:(?:[A-Z][a-z]{2} )?(?:\d{4} )?[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d(?:\.\d{1,9})?|(?:[A-Z][a-z]{2} )?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d| UTC| [A-Z]{3,4})?)`;
const NAME = String.raw`([\w.@/()-]{1,64}?)`;
/** With a time and a host; a name that lacks one of them has the id of its process. */
const SYSLOG = [
  // RFC 5424.
  /^<\d{1,3}>1 \S{1,40} \S{1,255} ([\w.@/()-]{1,64}) \S{1,32} \S{1,32} /,
  new RegExp(String.raw`^(?:<\d{1,3}>\d?)?${TIME_OF_SYSLOG} [\w.:-]{1,255} ${NAME}(?:\[\d{1,10}\])?: `),
  new RegExp(
    String.raw`^(?:<\d{1,3}>\d?)?(?:${TIME_OF_SYSLOG} |\[ *\d{1,10}\.\d{6}\] [\w.:-]{1,255} )?${NAME}\[\d{1,10}\]: `,
  ),
];
const JOURNAL = /^\s{0,8}\{.{0,4096}?"(?:SYSLOG_IDENTIFIER|_COMM)":"([^"]{1,64})"/;
const PRINTK =
  /^(?:<\d{1,2}>)?\[ *\d{1,10}\.\d{6}\](?:\[[ TC]\d{1,8}\])? |^\[[A-Z][a-z]{2} [A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d \d{4}\] /;
const KLOG = /^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{1,9}\s{1,16}\d{1,10} (?:[\w.-]{1,64}\/){0,6}([\w.-]{1,128}):\d{1,7}\] /;
const KLOG_JSON = /^\s{0,8}\{"ts":\d{1,13}(?:\.\d{1,9})?,"caller":"(?:[\w.-]{1,64}\/){0,6}([\w.-]{1,128}):\d{1,7}"/;
/** CRI-O's hook names its file, dockerd its module, containerd what it was asked for. */
const LOGRUS = /^time="\d{4}-[^"]{1,40}" level=\w{1,8} msg="/;
const OF_RUNTIME =
  / file="(?:server|oci|storage|lib|ocicni|runtimehandlerhooks|nri|config|resourcestore)\/[\w/.-]{1,80}\.go:\d|(?<!\S)(?:module=libcontainerd|namespace=(?:k8s\.io|moby)|runtime=io\.containerd|type=io\.containerd)/;

/** Files of the kubelet and of what is built into it that no other program of a cluster has in its log. */
const FILES_OF_KUBELET =
  /^(?:kubelet(?:_\w{1,40})?|generic|evented|remote_(?:runtime|image)\w{0,8}|kuberuntime_\w{1,32}|instrumented_service|pod_workers?|pod_container_\w{1,32}|container_manager_\w{1,16}|cgroup_manager_\w{1,16}|qos_container_\w{1,24}|node_container_\w{1,32}|nestedpendingoperations|operation_(?:generator|executor)|desired_state_of_world_\w{1,16}|volume_manager|csi_\w{1,24}|mount_(?:linux|helper_\w{1,12})|nfs|cni|docker_(?:sandbox|service|container|image|streaming)\w{0,12}|kube_docker_client|cri_stats_provider|cadvisor_stats_provider|eviction_manager|image_gc_manager|status_manager|oom_watcher_\w{1,8}|cpu_manager|memory_manager|topology_manager|setters|prober(?:_manager)?|node_shutdown_\w{1,24}|pod_startup_latency_tracker|container_log_manager|summary_sys_containers|plugin_watcher|fsHandler)\.go$/;
const FILES_OF_OTHERS =
  /^(?:main|leaderelection|nginx|queue|store|proxier|proxy\w{0,16}|iptables|ipvs|conntrack|node_lifecycle_controller|taint_manager|scale_up|scale_down|static_autoscaler|scheduler?|garbagecollector|resource_quota\w{0,16}|shared_informer|trace|cacher|watcher|admission|webhook|provisioner|snapshot_controller|attacher)\.go$/;

/** What kubectl, docker compose and stern put before a line of a container. */
const CONTAINER = /^\[pod\/([\w.-]{1,253})\/([\w.-]{1,63})\] |^([\w.-]{1,63})[ \t]{1,32}\| /;
const CRI = /^\d{4}-\d\d-\d\dT[\d:.+Z-]{8,40} std(?:out|err) [FP] /;
const RFC_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)? /;

/** Forms of logs that no program of a node has, of chats and of CI jobs. */
const OTHERS = [
  // JSON of zap, logrus and others.
  /^\s{0,8}\{[^\n]{0,512}?"(?:level|severity|lvl|logger|loglevel|@timestamp|levelname)":/i,
  // logfmt of go-kit and slog; logrus' own begins with the time.
  /^(?:level=\w{1,8} |ts=\S{1,40} |caller=\S{1,80} |logger=|lvl=|msg=|t=\d)/,
  // Levels in front: coredns, Python, shells.
  /^\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|CRITICAL)\b\]?[ :]/,
  // Go's log, nginx; log4j, Python, Rust with their levels.
  /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d/,
  /^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?\]?[ \t]{1,8}\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|CRITICAL|SEVERE)\b/i,
  /^\s{0,16}(?:at [\w$.<>]{1,200}\(|Caused by: |Traceback |Exception in thread )|^(?:[a-z][\w$]{0,40}\.){2,8}[A-Z][\w$]{0,60}(?:Exception|Error)\b/,
  // Chats.
  /^(?:[[(]?\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp][Mm])?[\])]?[ -]{1,3})?(?:<[@+]?[\w.-]{1,32}>|@[\w.-]{1,32}:?|\*\*[\w. -]{1,32}\*\*:?) /,
  /^[[(]?\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp][Mm])?[\])]?[ -]{1,3}[\w.-]{1,32}(?: [\w.-]{1,32})?: /,
  // CI jobs.
  /^(?:::(?:error|warning|notice|group)|##\[|#\d{1,4} \d{1,6}\.\d{1,3} |\[Pipeline\]|not ok \d|ok \d|--- (?:FAIL|PASS)|=== RUN)/,
];

/** What quotes, terminals and collectors put before a line. */
const BEFORE = /^[\ufeff\s>|]{0,32}(?:#011|\t){0,8}/;
const MAX_HEAD = 6_144;

/** The time is bounded, whatever the line is. */
export function writerOf(line: string): Writer {
  return ofHead(line.slice(0, MAX_HEAD).replace(BEFORE, ''));
}

function ofHead(whole: string): Writer {
  const container = CONTAINER.exec(whole);
  if (container !== null) {
    const [before, pod = '', name = '', service = ''] = container;
    return [pod, name, service].some((one) => OF_NODE.test(one)) ? ofBody(whole.slice(before.length)) : 'other';
  }
  // A container's log: what is in it says who it is, and nobody else does.
  if (CRI.test(whole)) return ofBody(whole.replace(CRI, '')) === 'other' ? 'other' : 'nobody';
  const program = [...SYSLOG, JOURNAL].map((form) => form.exec(whole)?.[1]).find((one) => one !== undefined);
  if (program !== undefined) return ofProgram(program);
  return PRINTK.test(whole) ? 'node' : ofBody(whole);
}

/** @param name as syslog has it: `(dockerd)` and `/usr/bin/dockerd` are dockerd. */
function ofProgram(name: string): Writer {
  const plain = name.replace(/^\(|\)$/g, '').replace(/^.{0,64}\//, '');
  return OF_NODE.test(plain) ? 'node' : 'other';
}

function ofBody(head: string): Writer {
  const body = KLOG.test(head) ? head : head.replace(RFC_TIME, '');
  const file = (KLOG.exec(body) ?? KLOG_JSON.exec(body))?.[1];
  if (file !== undefined) {
    if (FILES_OF_KUBELET.test(file)) return 'node';
    return FILES_OF_OTHERS.test(file) ? 'other' : 'nobody';
  }
  if (LOGRUS.test(body)) return OF_RUNTIME.test(body) ? 'node' : 'nobody';
  return OTHERS.some((form) => form.test(head)) ? 'other' : 'nobody';
}
