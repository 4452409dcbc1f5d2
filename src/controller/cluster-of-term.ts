/** The cluster as a leader may use it: after the end of its term nothing is asked, written or learned any more. */
import type { Call, Cluster } from '../ports/cluster.ts';
import { MedicError } from '../ports/errors.ts';
import { untilAborted } from '../runtime/deadline.ts';
import type { Term } from '../runtime/leader-election.ts';

/**
 * Each call checks the term before it and after it; an answer that comes after the end is thrown away.
 * A read ends with the term. A write that is on its way is waited for, no longer than the term's write deadline: a leader
 * that is told to stop frees its lease when its work has ended, and no write of it may land after that.
 * @throws the reason of the term's signal, or `E_LEADER_LOST`.
 */
export function clusterOfTerm(cluster: Cluster, term: Term): Cluster {
  const { signal, writeDeadlineMs } = term;

  function assertLeads(): void {
    signal.throwIfAborted();
    if (!term.leads()) throw new MedicError('E_LEADER_LOST', 'terminal', 'this process no longer leads');
  }

  async function read<C extends Call, T>(call: C, ask: (call: C) => Promise<T>): Promise<T> {
    assertLeads();
    const joined =
      call.signal === undefined || call.signal === signal ? signal : AbortSignal.any([signal, call.signal]);
    try {
      return await untilAborted(signal, ask({ ...call, signal: joined }));
    } finally {
      assertLeads();
    }
  }

  async function write<C extends Call, T>(call: C, send: (call: C) => Promise<T>): Promise<T> {
    assertLeads();
    const deadlineMs = Math.min(call.deadlineMs ?? writeDeadlineMs, writeDeadlineMs);
    try {
      return await send({ ...call, deadlineMs });
    } finally {
      assertLeads();
    }
  }

  return {
    get: (resource, ref, call = {}) => read(call, (bound) => cluster.get(resource, ref, bound)),
    list: (resource, query, call = {}) => read(call, (bound) => cluster.list(resource, query, bound)),
    proxyNode: (node, path, request) => read(request, (bound) => cluster.proxyNode(node, path, bound)),
    create: (resource, object, how) => write(how, (bound) => cluster.create(resource, object, bound)),
    replace: (resource, object, how) => write(how, (bound) => cluster.replace(resource, object, bound)),
    apply: (resource, object, how) => write(how, (bound) => cluster.apply(resource, object, bound)),
    jsonPatch: (resource, ref, patch, how) => write(how, (bound) => cluster.jsonPatch(resource, ref, patch, bound)),
    delete: (resource, ref, call = {}) => write(call, (bound) => cluster.delete(resource, ref, bound)),
    // A mirror has a signal of its own, and what it shows is never older for the end of a term.
    mirror: (resource, query, end) => cluster.mirror(resource, query, end),
    clockAheadMs: () => cluster.clockAheadMs(),
  };
}
