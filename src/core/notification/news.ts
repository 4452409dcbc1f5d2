/** One piece of news, and what it is read from. */
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import type { KubeletRecoveryPolicy } from '../../api/v1alpha1/kinds/policy.ts';

export interface OfIncident {
  readonly kind: 'incident';
  readonly event: 'Opened' | 'Held' | 'HandedOver' | 'Recovered';
  readonly incident: KubeletIncident;
  /** Nothing is sent: the alert that it is part of ends with the storm. */
  readonly isSilent: boolean;
}

interface OfBreaker {
  readonly kind: 'breaker';
  readonly event: 'BreakerOpen' | 'BreakerClosed';
  /** Of the policy. */
  readonly uid: string;
  readonly message: string;
}

/** All nodes of a storm are well, or with a person. */
interface OfStorm {
  readonly kind: 'storm';
  readonly event: 'Recovered';
}

export type Due = (OfIncident | OfBreaker | OfStorm) & {
  /** Of this news, the same in every process. */
  readonly id: string;
  readonly policy: string;
  /** Milliseconds since 1970. */
  readonly at: number;
};

export interface News {
  readonly incidents: readonly KubeletIncident[];
  readonly policies: readonly KubeletRecoveryPolicy[];
  readonly now: number;
}
