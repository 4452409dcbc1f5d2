/** From a path to what is asked. Source: Kubernetes API concepts, resource URIs. */
import type { ServedKind } from './kinds.ts';
import { Refusal } from './status.ts';

export type Route =
  | { readonly type: 'health' }
  | { readonly type: 'node-proxy'; readonly node: string; readonly path: string }
  | { readonly type: 'collection'; readonly kind: ServedKind; readonly namespace: string | undefined }
  | {
      readonly type: 'object';
      readonly kind: ServedKind;
      readonly namespace: string | undefined;
      readonly name: string;
      readonly subresource: '' | 'status';
    };

/** `target`: path and query. @throws a Refusal with code 404. */
export function routeOf(kinds: readonly ServedKind[], target: string): Route {
  const proxy = /^\/api\/v1\/nodes\/([^/]+)\/proxy(\/.*)?$/.exec(target);
  if (proxy !== null) {
    return { type: 'node-proxy', node: decodeURIComponent(proxy[1] ?? ''), path: proxy[2] ?? '/' };
  }
  const path = target.split('?')[0] ?? '';
  if (['/healthz', '/livez', '/readyz', '/version'].includes(path)) return { type: 'health' };
  return resourceRoute(kinds, path);
}

function resourceRoute(kinds: readonly ServedKind[], path: string): Route {
  const [root = '', ...parts] = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const apiVersion = parts.splice(0, root === 'api' ? 1 : 2).join('/');
  const namespace = parts[0] === 'namespaces' && parts.length > 2 ? parts.splice(0, 2)[1] : undefined;
  const [plural, name, ...rest] = parts;
  const kind = kinds.find((known) => known.apiVersion === apiVersion && known.plural === plural);
  if (kind === undefined) throw noSuchPath(path);
  if (name === undefined) return { type: 'collection', kind, namespace };
  if (kind.namespaced !== (namespace !== undefined)) throw noSuchPath(path);
  return { type: 'object', kind, namespace, name, subresource: subresourceOf(kind, rest, path) };
}

function subresourceOf(kind: ServedKind, rest: readonly string[], path: string): '' | 'status' {
  if (rest.length === 0) return '';
  if (kind.hasStatus && rest.join('/') === 'status') return 'status';
  throw noSuchPath(path);
}

function noSuchPath(path: string): Refusal {
  return new Refusal(404, 'NotFound', `the server could not find the requested resource: ${path}`);
}
