/** Objects as the chart's two programs write them, to be changed as a thief would. */
import { ANNOTATION_BYTES, API_VERSION } from '../../../src/api/v1alpha1/words/names.ts';
import type { Manifest } from '../../../src/ports/cluster.ts';
import { incidentManifest } from '../../contract/objects.ts';

type Fields = Readonly<Record<string, unknown>>;

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** @param change of the spec; trigger and plan are merged. */
export function incidentOf(node: string, name: string, change: Fields = {}, metadata: Fields = {}): Manifest {
  const { spec } = incidentManifest(name, node);
  const { trigger, plan, ...rest } = asFields(spec);
  return {
    metadata: { name, ...metadata },
    spec: {
      ...rest,
      ...change,
      trigger: { ...asFields(trigger), ...asFields(change['trigger']) },
      plan: { ...asFields(plan), ...asFields(change['plan']) },
    },
  };
}

let names = 0;
/** What is unique in the name of an evidence. */
export function digits(): string {
  names += 1;
  return names.toString(16).padStart(12, '0');
}

export interface EvidenceChange {
  readonly metadata?: Fields;
  readonly spec?: Fields & { readonly data?: string };
  readonly entry?: Fields;
  readonly owner?: Fields;
}

/** As the agent of the node writes it, of the incident NODE-bcdfg. */
export function evidenceOf(node: string, incidentUID: string, change: EvidenceChange): Manifest {
  const incident = `${node}-bcdfg`;
  const owner = { apiVersion: API_VERSION, kind: 'KubeletIncident', name: incident, uid: incidentUID };
  const entry = {
    name: 'kubelet.log.gz',
    kind: 'KubeletLog',
    by: 'Agent',
    state: 'Captured',
    at: '2026-11-24T10:00:00.000Z',
    source: 'journald:kubelet.service',
    ...change.entry,
  };
  const spec = { nodeName: node, incident, incidentUID, entry, data: 'AA==', ...change.spec };
  const annotations = { [ANNOTATION_BYTES]: String(Buffer.byteLength(spec.data)) };
  const ownerReferences = [{ ...owner, ...change.owner }];
  return { metadata: { name: `${node}-${digits()}`, ownerReferences, annotations, ...change.metadata }, spec };
}
