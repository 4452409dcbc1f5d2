/** Writes, as the API server itself counts them. */
import type { ControlPlane } from '../../../support/control-plane.ts';
import { request as httpsRequest } from 'node:https';

const WRITES = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE', 'DELETECOLLECTION']);

/** Requests that change something, by `VERB resource/subresource`. */
export type Writes = ReadonlyMap<string, number>;

function getText(plane: ControlPlane, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port, ca } = plane;
    const headers = { authorization: 'Bearer admin' };
    httpsRequest({ host: '127.0.0.1', port, path, ca, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => {
        resolve(text);
      });
      answer.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

const OUR_GROUPS = new Set(['', 'kubelet-medic.io', 'events.k8s.io', 'coordination.k8s.io']);
/** Of those groups, what neither of our programs writes: the API server's own work. */
const NOT_OURS = new Set(['namespaces', 'services', 'endpoints', 'serviceaccounts', 'configmaps', 'pods']);

/** `apiserver_request_total`: requests that were answered, refused ones too, of the kinds that our programs write. */
export async function readWrites(plane: ControlPlane): Promise<Writes> {
  const writes = new Map<string, number>();
  for (const line of (await getText(plane, '/metrics')).split('\n')) {
    if (!line.startsWith('apiserver_request_total{')) continue;
    const label = (name: string): string => new RegExp(`[{,]${name}="([^"]*)"`).exec(line)?.[1] ?? '';
    const [verb, resource, subresource] = [label('verb'), label('resource'), label('subresource')];
    if (!WRITES.has(verb) || !OUR_GROUPS.has(label('group')) || NOT_OURS.has(resource)) continue;
    const key = `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`;
    writes.set(key, (writes.get(key) ?? 0) + Number(line.slice(line.lastIndexOf(' ') + 1)));
  }
  return writes;
}

/** What kubelets write, and nobody else does: ours apply. */
const KUBELETS = 'PATCH nodes/status';

export function writesBetween(before: Writes, after: Writes): Writes {
  const grown = new Map<string, number>();
  for (const [key, count] of after) {
    const by = count - (before.get(key) ?? 0);
    if (by > 0 && key !== KUBELETS) grown.set(key, by);
  }
  return grown;
}

export function sumOf(writes: Writes): number {
  return [...writes.values()].reduce((sum, count) => sum + count, 0);
}

/** `3.2 APPLY kubelethealths/status, ...` a second, the most first. */
export function writesText(writes: Writes, seconds: number): string {
  const rows = [...writes].sort(([, a], [, b]) => b - a);
  return rows.map(([key, count]) => `${(count / seconds).toFixed(1)} ${key}`).join(', ');
}
