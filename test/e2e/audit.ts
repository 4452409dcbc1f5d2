/** The API server's own record (audit log): what our programs asked for, and when they cordoned a node. */
import { readFileSync } from 'node:fs';
import { STATE } from './lab.ts';

const OURS = 'system:serviceaccount:kubelet-medic:';

interface AuditEvent {
  readonly user: { readonly username: string };
  readonly verb: string;
  readonly objectRef?: { readonly resource: string; readonly name?: string; readonly subresource?: string };
  readonly requestObject?: unknown;
  readonly responseStatus?: { readonly code: number };
  readonly stageTimestamp: string;
}

export interface CordonWrite {
  readonly kind: 'cordon' | 'uncordon';
  /** Milliseconds since 1970, by the API server. */
  readonly at: number;
}

function events(): readonly AuditEvent[] {
  const lines = readFileSync(`${STATE}/audit.log`, 'utf8').split('\n');
  return lines.filter((line) => line.includes(`"username":"${OURS}`)).map((line) => JSON.parse(line) as AuditEvent);
}

function cordonOf({ requestObject, stageTimestamp }: AuditEvent): CordonWrite | undefined {
  const patch = Array.isArray(requestObject) ? (requestObject as { op: string; path: string }[]) : [];
  const operation = patch.find(({ path, op }) => path === '/spec/unschedulable' && op !== 'test');
  if (operation === undefined) return undefined;
  return { kind: operation.op === 'remove' ? 'uncordon' : 'cordon', at: Date.parse(stageTimestamp) };
}

/** Every cordon and uncordon of a node that our programs wrote and the API server took, in order. */
export function cordonWrites(node: string): readonly CordonWrite[] {
  return events()
    .filter(({ objectRef, responseStatus }) => objectRef?.name === node && responseStatus?.code === 200)
    .map(cordonOf)
    .filter((write) => write !== undefined);
}

/** Requests of ours for Secrets, for a kubelet through the node proxy, or for a command in a pod: none is allowed to be there. */
export function forbiddenRequests(): readonly string[] {
  return events()
    .filter(
      ({ objectRef }) =>
        objectRef !== undefined && (objectRef.resource !== 'nodes' || objectRef.subresource === 'proxy'),
    )
    .map(
      ({ user, verb, objectRef }) => `${user.username} ${verb} ${objectRef?.resource ?? ''} ${objectRef?.name ?? ''}`,
    );
}
