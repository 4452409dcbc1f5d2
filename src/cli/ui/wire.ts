/** What the plugin tells its page. All texts are plain already: the page shows them as text, and as nothing else. */

/**
 * - `healthy`: nothing is wrong.
 * - `watched`: something is, and nothing says so far that the kubelet is stuck.
 * - `ill`: not Ready, or its kubelet or runtime does not work.
 * - `working`: an incident of it is open.
 * - `held`: an incident of it waits for a person.
 * - `unknown`: its agent says nothing, and nobody else says that it is ill.
 */
export type CellState = 'healthy' | 'watched' | 'ill' | 'working' | 'held' | 'unknown';

/** One node. */
export interface Cell {
  readonly name: string;
  readonly state: CellState;
  readonly policy?: string;
  /** What is wrong with it. */
  readonly why?: string;
  /** When that began, milliseconds since 1970 by the API server's clock. */
  readonly since?: number;
  readonly next?: string;
  /** Why nothing would be restarted on it, where it is well. */
  readonly lack?: string;
  /** Its oldest open incident. */
  readonly incident?: string;
}

export interface IncidentCard {
  readonly name: string;
  readonly node: string;
  /** The cause, or what opened it. */
  readonly cause: string;
  readonly openedAt?: number;
  readonly waitsFor: string;
  /** It waits for a person. */
  readonly isHeld: boolean;
  /** A drill can be ended by a person at any time. */
  readonly isDrill: boolean;
  /** `approved by jane`. */
  readonly decided?: string;
}

/** An incident that ended while this plugin looked on. */
export interface EndedCard {
  readonly name: string;
  readonly node: string;
  readonly outcome: string;
  readonly isGood: boolean;
}

export interface PolicyCard {
  readonly name: string;
  readonly mode: string;
  readonly nodes: number;
  readonly unhealthy: string;
  readonly breaker: string;
  readonly inFlight: string;
  readonly next: string;
}

/** All but the cells. */
export interface Rest {
  readonly incidents: readonly IncidentCard[];
  /** Open ones that are not among them. */
  readonly moreIncidents: number;
  readonly ended: readonly EndedCard[];
  readonly policies: readonly PolicyCard[];
  /** What is not shown, and why: rights that are missing, objects that cannot be read. */
  readonly notices: readonly string[];
  /** Whether nodes are shown at all. */
  readonly hasFleet: boolean;
}

/** Whether what is shown is of now. */
export type Link =
  | { readonly kind: 'live' }
  /** `since`: when the API server was last heard, milliseconds since 1970 by this machine's clock. */
  | { readonly kind: 'lost'; readonly since: number; readonly why: string };

export interface WholeMessage {
  readonly version: number;
  /** Milliseconds since 1970 by the API server's clock. */
  readonly now: number;
  readonly cells: readonly Cell[];
  readonly rest: Rest;
  readonly link: Link;
  readonly about: { readonly user: string; readonly server: string; readonly plugin: string };
}

/** What is other than in the version before. */
export interface ChangeMessage {
  readonly version: number;
  readonly now: number;
  readonly set: readonly Cell[];
  readonly gone: readonly string[];
  readonly rest: Rest;
}

export interface PulseMessage {
  /** Of the newest state: who has another one has missed something. */
  readonly version: number;
  readonly now: number;
  readonly link: Link;
}

/** What a person is told before he decides. */
export interface Choices {
  readonly incident: string;
  readonly node: string;
  readonly waitsFor: string;
  readonly user: string;
  readonly server: string;
  /** Why he may not; absent: he may, or nobody knows. */
  readonly denied?: string;
  /** What stands in the way of an act now. */
  readonly notes: readonly string[];
  readonly approve: readonly Choice[];
  readonly reject: Choice;
}

export interface Choice {
  /** Empty: what the diagnosis chooses, or none at all. */
  readonly action: string;
  /** What the person has done by it, in few words. */
  readonly short: string;
  /** What would be done. A decision is taken only where this is still so. */
  readonly would: string;
  /** Why it would be refused; absent: it would not. */
  readonly refusal?: string;
}

export interface DecisionRequest {
  readonly decision: 'Approve' | 'Reject';
  readonly action: string;
  readonly reason: string;
  /** `would` of the choice, as the person has read it. */
  readonly would: string;
}

/** The header that the token stands in. */
export const TOKEN_HEADER = 'x-kubelet-medic-token';
