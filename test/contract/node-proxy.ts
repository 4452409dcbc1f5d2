/** The node proxy. */
import { expect, test } from '@jest/globals';
import type { ProxyResponse } from '../../src/ports/cluster.ts';
import { failure, type ClusterUnderTest } from './subject.ts';

export function describeNodeProxy(env: () => ClusterUnderTest): void {
  const get = (path: string, maxBytes = 1000): Promise<ProxyResponse> =>
    env().cluster('admin').proxyNode(env().node, path, { maxBytes });

  test("a kubelet's answer comes through, with path and query as they are", async () => {
    const answer = await get('/echo/a/b?debug=2&x=%20');
    expect([answer.status, answer.body.toString(), answer.truncated]).toEqual([
      200,
      'GET /echo/a/b?debug=2&x=%20 ',
      false,
    ]);
  });

  test('a PUT comes through with its body', async () => {
    const request = { method: 'PUT', body: '4', maxBytes: 1000 } as const;
    const answer = await env().cluster('admin').proxyNode(env().node, '/echo/flags/v', request);
    expect(answer.body.toString()).toBe('PUT /echo/flags/v 4');
  });

  test('a long answer is cut at its bound', async () => {
    const answer = await get('/long', 1000);
    expect([answer.status, answer.body.length, answer.truncated]).toEqual([200, 1000, true]);
  });

  test.each([
    ['/forbidden', 403, 'Forbidden (user=x, verb=get, resource=nodes, subresource=proxy)'],
    ['/missing', 404, '404 page not found'],
    ['/broken', 500, '[-]syncloop failed'],
  ])("a kubelet's own %s is an answer", async (path, status, text) => {
    const answer = await get(path);
    expect([answer.status, answer.body.toString().trim()]).toEqual([status, text]);
  });

  test("the API server's own denial is an error, and so is a node that is not there", async () => {
    const request = { maxBytes: 1000 };
    const denied = await failure(env().cluster('nobody').proxyNode(env().node, '/echo', request));
    expect([denied.code, denied.class]).toEqual(['E_KUBE_DENIED', 'denied']);
    const cut = await failure(env().cluster('nobody').proxyNode(env().node, '/echo', { maxBytes: 1 }));
    expect(cut.class).toBe('denied');
    const absent = await failure(env().cluster('admin').proxyNode('no-such-node', '/echo', request));
    expect(absent.class).toBe('absent');
  });
}
