/** Who wakes whom where other operators ask: a request its node and its incidents, and these the request. */
import { isOpen } from '../../core/decision/node-state.ts';
import { nodeNameOf } from '../../core/decision/remediation/requester.ts';
import type { WorkQueue } from '../../runtime/work-queue.ts';
import type { ActContext } from '../incident/carry-out.ts';
import { keyOf } from './remediation-view.ts';

interface Queues {
  readonly nodes: Pick<WorkQueue, 'add'>;
  readonly incidents: Pick<WorkQueue, 'add'>;
  readonly requests: Pick<WorkQueue, 'add'>;
}

export function wireRequests({ view, requests }: Pick<ActContext, 'view' | 'requests'>, queues: Queues): void {
  const { mirror } = requests;
  if (mirror === undefined) return;

  function requestsOf(node: string): void {
    for (const request of requests.ofNode(node)) queues.requests.add(keyOf(request));
  }

  mirror.onChange((current, previous) => {
    const request = current ?? previous;
    if (request === undefined) return;
    if (current !== undefined) queues.requests.add(keyOf(current));
    const node = nodeNameOf(request);
    if (node === undefined || view.nodes.get(node) === undefined) return;
    queues.nodes.add(node);
    for (const incident of view.incidentsOf(node)) if (isOpen(incident)) queues.incidents.add(incident.metadata.name);
  });
  // Nothing was done before it was known who has asked (`leaseNow`). It rejects with the end of the term alone.
  mirror.whenSynced().then(
    () => {
      for (const incident of view.openIncidents()) queues.incidents.add(incident.metadata.name);
    },
    () => undefined,
  );
  view.nodes.onChange((current, previous) => {
    requestsOf(current?.metadata.name ?? previous?.metadata.name ?? '');
  });
  view.incidents.onChange((current, previous) => {
    requestsOf(current?.spec.nodeName ?? previous?.spec.nodeName ?? '');
  });
}
