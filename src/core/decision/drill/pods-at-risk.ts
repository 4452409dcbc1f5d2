/** Pods that a restart of kubelet or runtime would harm, or that a node that is NotReady for a while would lose. Pure. */
import type { Pod } from '../../../api/kubernetes/pod.ts';

/** What the admission plugin DefaultTolerationSeconds gives to each pod; a fault lasts so that nobody is evicted by it. */
const DEFAULT_TOLERATION_S = 300;
const NOT_READY_TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable', ''];
/** Owners of these kinds of annotation say that the pod must not be disturbed. */
const LEFT_ALONE: Readonly<Record<string, string>> = {
  'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
  'karpenter.sh/do-not-disrupt': 'true',
};
const DEVICE_PLUGINS = /^\/var\/lib\/kubelet\/(?:device-plugins|plugins_registry)(?:\/|$)/;

function isOver({ status }: Pod): boolean {
  return status.phase === 'Succeeded' || status.phase === 'Failed';
}

/** The kubelet's own, from a file: it starts them again. */
function isStatic({ metadata }: Pod): boolean {
  return 'kubernetes.io/config.mirror' in metadata.annotations;
}

/** An extended resource has a domain that is not Kubernetes' own: `nvidia.com/gpu`. */
function deviceOf({ spec }: Pod): string | undefined {
  const names = [...spec.containers, ...spec.initContainers].flatMap(({ resources }) => Object.keys(resources.limits));
  return names.find((name) => name.includes('/') && !/(?:^|\.)kubernetes\.io\//.test(name));
}

function impatience({ spec }: Pod): number | undefined {
  const seconds = spec.tolerations
    .filter(({ key, effect }) => NOT_READY_TAINTS.includes(key) && (effect === 'NoExecute' || effect === ''))
    .map(({ tolerationSeconds }) => tolerationSeconds)
    .filter((each) => each !== undefined && each < DEFAULT_TOLERATION_S);
  return seconds[0];
}

/** Why the pod may be harmed, for a person; undefined: it is not. */
function riskOf(pod: Pod): string | undefined {
  const { metadata, spec } = pod;
  if (isOver(pod) || isStatic(pod)) return undefined;
  if (spec.volumes.some(({ hostPath }) => DEVICE_PLUGINS.test(hostPath?.path ?? '')))
    return 'it registers devices or drivers with the kubelet';
  const device = deviceOf(pod);
  if (device !== undefined) return `it holds devices (${device})`;
  if (spec.resourceClaims.length > 0) return 'it holds devices by a resource claim';
  if (!metadata.ownerReferences.some(({ controller }) => controller)) return 'no controller would bring it back';
  const mark = Object.entries(LEFT_ALONE).find(([key, value]) => metadata.annotations[key] === value);
  if (mark !== undefined) return `its annotation says ${mark.join('=')}`;
  const seconds = impatience(pod);
  return seconds === undefined ? undefined : `it leaves a node that is not ready after ${String(seconds)} s`;
}

/** In a message. */
const MAX_NAMED = 3;

/** For a person; undefined: none is. */
export function podsAtRisk(pods: readonly Pod[]): string | undefined {
  const found = pods.flatMap((pod) => {
    const why = riskOf(pod);
    return why === undefined ? [] : [`${pod.metadata.namespace ?? ''}/${pod.metadata.name}: ${why}`];
  });
  if (found.length === 0) return undefined;
  const more = found.length > MAX_NAMED ? `; and ${String(found.length - MAX_NAMED)} more` : '';
  return `a restart could harm pods of the node (${found.slice(0, MAX_NAMED).join('; ')}${more})`;
}
