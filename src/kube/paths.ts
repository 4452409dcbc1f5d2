/** The paths of the Kubernetes API. Source: Kubernetes API concepts, resource URIs. */
import type { KubeObject, ListQuery, Ref, Resource } from '../ports/cluster.ts';

type Query = Readonly<Record<string, string | undefined>>;

/** `/apis/GROUP/VERSION[/namespaces/NS]/PLURAL`. */
function collectionPath(resource: Resource, namespace: string | undefined): string {
  const root = resource.apiVersion.includes('/') ? '/apis' : '/api';
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}/${resource.apiVersion}${scope}/${resource.plural}`;
}

function withQuery(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(key, value);
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

export function listPath(resource: Resource, list: ListQuery, query: Query = {}): string {
  return withQuery(collectionPath(resource, list.namespace), {
    labelSelector: list.labelSelector,
    fieldSelector: list.fieldSelector,
    ...query,
  });
}

export function createPath(resource: Resource, namespace: string | undefined, query: Query): string {
  return withQuery(collectionPath(resource, namespace), query);
}

export function objectPath(
  resource: Resource,
  ref: Ref,
  options: { readonly subresource?: string | undefined; readonly query?: Query } = {},
): string {
  const suffix = options.subresource === undefined ? '' : `/${options.subresource}`;
  return withQuery(
    `${collectionPath(resource, ref.namespace)}/${encodeURIComponent(ref.name)}${suffix}`,
    options.query ?? {},
  );
}

/** The kubelet's path is passed on as it is: proxies in front of an API server may not undo an encoded slash. */
export function nodeProxyPath(node: string, path: string): string {
  return `/api/v1/nodes/${encodeURIComponent(node)}/proxy${path}`;
}

/** `NAMESPACE/NAME`, or `NAME` where there is no namespace. */
export function keyOf(object: KubeObject): string {
  return refKey(object.metadata.name, object.metadata.namespace);
}

export function refKey(name: string, namespace: string | undefined): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}
