/** What is asked for of an object. Source: Kubernetes API concepts, "Metadata-only fetches". */
import type { Resource } from '../ports/cluster.ts';

function metadataOf(kind: string): string {
  return `application/json;as=${kind};g=meta.k8s.io;v=v1`;
}

/** undefined: the whole object. */
export function listAccept({ metadataOnly }: Resource): string | undefined {
  return metadataOnly === true ? metadataOf('PartialObjectMetadataList') : undefined;
}

/** undefined: the whole object. */
export function watchAccept({ metadataOnly }: Resource): string | undefined {
  return metadataOnly === true ? metadataOf('PartialObjectMetadata') : undefined;
}
