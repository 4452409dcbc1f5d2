/** Objects as they are sent, valid by the CRDs. */
import { Budget, Evidence, Remediation } from '../../src/api/v1alpha1/kinds/policy.ts';
import type { Manifest } from '../../src/ports/cluster.ts';

const AT = '2026-11-24T10:00:00Z';

export function incidentManifest(name: string, nodeName = 'node-a'): Manifest {
  return {
    metadata: { name },
    spec: {
      nodeName,
      nodeUID: `uid-${nodeName}`,
      trigger: { type: 'PLEGUnhealthy', at: AT, message: 'PLEG is not healthy' },
      plan: {
        policy: 'default',
        policyGeneration: 1,
        mode: 'Remediate',
        strategy: 'RestoreFirst',
        evidence: Evidence.parse({}),
        remediation: Remediation.parse({}),
        budget: Budget.parse({}),
      },
    },
  };
}

export function step(name: string, state = 'Requested'): Readonly<Record<string, unknown>> {
  return { name, type: name.startsWith('act') ? 'Act' : 'CaptureHost', state, startedAt: AT };
}

export function actionRecord(name: string, state = 'Reserved'): Readonly<Record<string, unknown>> {
  return { name, action: 'CaptureHost', state, reservedAt: AT };
}

export function condition(type: string, status: string, reason: string): Readonly<Record<string, unknown>> {
  return { type, status, reason, message: reason, lastTransitionTime: AT };
}
