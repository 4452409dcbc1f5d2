/** What the kubelet of the contract suite answers. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface KubeletAnswer {
  readonly status: number;
  readonly body: string;
}

export async function answerAsKubelet(method: string, path: string, body: string): Promise<KubeletAnswer> {
  if (path.startsWith('/echo')) return { status: 200, body: `${method} ${path} ${body}` };
  switch (path) {
    case '/long':
      return { status: 200, body: 'x'.repeat(1024 * 1024) };
    case '/slow':
      await sleep(1_000, undefined, { ref: false });
      return { status: 200, body: 'late' };
    case '/forbidden':
      return { status: 403, body: 'Forbidden (user=x, verb=get, resource=nodes, subresource=proxy)' };
    case '/broken':
      return { status: 500, body: '[-]syncloop failed' };
    default:
      return { status: 404, body: '404 page not found\n' };
  }
}
