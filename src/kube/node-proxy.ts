/** Requests to a kubelet through the API server's node proxy. */
import type { Clock } from '../ports/clock.ts';
import type { ProxyRequest, ProxyResponse } from '../ports/cluster.ts';
import { MedicError } from '../ports/errors.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { callLimit } from './call-limit.ts';
import { answerError, parseStatus } from './errors.ts';
import { nodeProxyPath } from './paths.ts';
import type { Transport } from './connection/transport.ts';

/** Read at least so much, whatever the caller's bound: a Status that is cut looks like a kubelet's own words. */
const MAX_STATUS_BYTES = 16 * 1024;

/**
 * The kubelet writes its errors as plain text; a Status object is the API server's own: the proxy is denied, the Node
 * is not there, or its kubelet cannot be reached. So only the latter is an error here.
 */
export async function proxyToNode(
  transport: Transport,
  clock: Clock,
  target: { readonly node: string; readonly path: string },
  request: ProxyRequest,
): Promise<ProxyResponse> {
  const { node, path } = target;
  if (!/^\/[!-~]*$/.test(path)) {
    throw new MedicError('E_KUBE_INVALID', 'bug', `not a path of a kubelet: ${JSON.stringify(path)}`);
  }
  const method = request.method ?? 'GET';
  const what = `${method} nodes/${node}/proxy${path}`;
  const answer = await withDeadline(clock, callLimit(what, request), request.signal, (signal) =>
    transport.send(
      {
        method,
        path: nodeProxyPath(node, path),
        what,
        signal,
        passedOn: true,
        // A kubelet's handlers answer in what they have: pprof refuses a client that wants JSON (406).
        accept: '*/*',
        contentType: 'text/plain',
        ...(request.body === undefined ? {} : { body: request.body }),
      },
      { maxBytes: Math.max(request.maxBytes, MAX_STATUS_BYTES), beyond: 'cut' },
    ),
  );
  if (answer.status >= 400 && parseStatus(answer.body) !== undefined) {
    throw answerError(what, { ...answer, retryAfter: answer.headers['retry-after'] });
  }
  const truncated = answer.truncated || answer.body.length > request.maxBytes;
  return { status: answer.status, body: answer.body.subarray(0, request.maxBytes), truncated };
}
