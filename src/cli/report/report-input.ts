/** What a report is made from: all of it was read before, so that making one is a pure function. */
import type { Event } from '../../api/kubernetes/objects.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';

/** An artifact whose checksum is the one that was sealed, or why there is none. */
export type Artifact =
  | { readonly kind: 'read'; readonly name: string; readonly content: Buffer }
  | { readonly kind: 'none'; readonly why: string };

export interface Artifacts {
  readonly kubeletStacks: Artifact;
  readonly runtimeStacks: Artifact;
  readonly kubeletLog: Artifact;
}

export interface ReportInput {
  readonly incident: KubeletIncident;
  /** Events about it. */
  readonly events: readonly Event[];
  readonly artifacts: Artifacts;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Of the plugin. */
  readonly version: string;
}
