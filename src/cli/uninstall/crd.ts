/** A CRD of ours while it goes. */
import * as z from 'zod/mini';
import { ObjectMeta } from '../../api/meta.ts';
import type { Cluster, Resource } from '../../ports/cluster.ts';
import { isMedicError } from '../../ports/errors.ts';
import { PLUGIN_MANAGER } from '../session.ts';

const Condition = z.object({ type: z.string(), reason: z.optional(z.string()) });
const Crd = z.object({
  metadata: ObjectMeta,
  status: z.nullish(z.object({ conditions: z.nullish(z.array(Condition)) })),
});
export type Crd = z.infer<typeof Crd>;

export const CRDS: Resource<Crd> = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
  parse: (raw) => Crd.parse(raw),
};

const ANNOTATION_RETRY = 'kubelet-medic.io/deletion-tried-again';

/** Reasons of the condition Terminating after which the API server looks at the CRD again by chance only. */
const FAILED = ['InstanceDeletionFailed', 'InstanceDeletionCheck'];

/**
 * Has the API server try again to delete the objects of a CRD, where it could not. Where the cache of a kind is just being
 * filled it cannot list them (`storage is (re)initializing`); its own next try mostly conflicts with its write of that, and the
 * one after it comes with a resync, five minutes later (Kubernetes 1.36: crd_finalizer.go). A change of metadata is looked at at once.
 */
export async function retryDeletion(cluster: Cluster, { metadata, status }: Crd): Promise<void> {
  const isFailed = status?.conditions?.some(
    ({ type, reason = '' }) => type === 'Terminating' && FAILED.includes(reason),
  );
  if (metadata.deletionTimestamp === undefined || isFailed !== true) return;
  const annotations = { ...metadata.annotations, [ANNOTATION_RETRY]: metadata.resourceVersion };
  const patch = [
    // What others annotate meanwhile stays.
    { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
    { op: 'add', path: '/metadata/annotations', value: annotations },
  ] as const;
  try {
    await cluster.jsonPatch(CRDS, { name: metadata.name }, patch, { manager: PLUGIN_MANAGER });
  } catch (error) {
    // Whatever keeps it from being asked again: it is waited for, as with kubectl.
    if (!isMedicError(error)) throw error;
  }
}
