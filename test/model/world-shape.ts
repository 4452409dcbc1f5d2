/** What a world is made of, and what can be asked of it and done to it. */
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import type { Node } from '../../src/api/kubernetes/node.ts';
import type { JsonObject } from '../support/api-server/json.ts';
import type { RecordingLog } from '../support/builders/recording.ts';
import type { FakeClock, SkewedClock } from '../support/clock.ts';
import type { SimulatedHost } from '../support/host/simulated-host.ts';
import type { LocalCluster } from '../support/local-cluster.ts';
import type { Party } from '../support/parties.ts';
import type { Story } from './story.ts';
import type { DiesAt } from './writes.ts';

export interface WorldShape {
  /** Of all chance in it. */
  readonly seed: number;
  /** 1 to 3. */
  readonly nodes: number;
  /** So many of them, the first ones, are of the control plane. */
  readonly controlPlane: number;
  /** 1 or 2; two of them elect a leader. */
  readonly controllers: number;
  /** Of the policy `default`, which is for all nodes. */
  readonly policy: JsonObject;
  /** Of a second policy, for the first node alone; undefined: there is none. */
  readonly second: JsonObject | undefined;
  /** Recoveries in the whole cluster. */
  readonly maxInCluster: number;
}

/** A moment in a recovery: it has a place in the budget, its node is cordoned, an act is requested of the agent, or reserved by it. */
export type Moment = 'placed' | 'cordoned' | 'requested' | 'reserved';

/** One thing that is done. Its text is the story's. */
export interface Deed {
  readonly text: string;
  readonly run: (world: ModelWorld) => Promise<void> | void;
}

export interface ModelWorld {
  readonly shape: WorldShape;
  readonly clock: FakeClock;
  readonly serverClock: SkewedClock;
  readonly local: LocalCluster;
  readonly story: Story;
  readonly watchman: Watchman;
  readonly nodes: readonly string[];
  readonly controllers: readonly string[];
  readonly log: RecordingLog;
  /** The controller that holds the lease. */
  leader(): string | undefined;
  party(name: string): Party;
  host(node: string): SimulatedHost;
  start(program: string): void;
  kill(program: string): void;
  isRunning(program: string): boolean;
  /** It dies at its write number `count` (0: the next one). */
  killAtWrite(program: string, count: number, when: DiesAt): void;
  /** Writes of a program that have arrived. */
  writesOf(program: string): number;
  /** Nobody is to die at a write any more. */
  spareAll(): void;
  /** Done once, at the next such moment of any node, right after the write that makes it. */
  atNext(moment: Moment, run: (node: string) => void): void;
  /** It has come. */
  reached(moment: Moment, node: string): void;
  /** After so much time, if the world is still there. */
  later(ms: number, run: () => void): void;
  /** Neither its kubelet nor its agent reaches the API server. */
  cut(node: string, isCut: boolean): void;
  isCut(node: string): boolean;
  incidents(): readonly KubeletIncident[];
  openIncident(node: string): KubeletIncident | undefined;
  node(name: string): Node | undefined;
  seedNode(name: string): void;
  /** @throws what the watchman has seen, with the story. */
  check(): void;
  finish(): Promise<void>;
}

export interface Watchman {
  /** A command is about to be run on a host. */
  commanded(node: string, unit: string): void;
  /** A controller is about to send a write. */
  sent(party: string, plural: string): void;
  /** Whose cordon a node has; undefined: it has none. */
  cordonOf(node: string): 'ours' | 'others' | undefined;
  /** A person, or another program, forbids to act on a node or under a policy from now on; or no longer does. */
  forbid(scope: string, reason: string, isForbidden: boolean): void;
  /** Something of what the programs know was taken away by hand: an incident, or a node. */
  forgive(node: string): void;
  /** Something really goes wrong on a node. */
  fault(node: string): void;
  report(violation: string): void;
  seen(): readonly string[];
  /** Status writes of a controller, by incident. */
  readonly incidentWrites: ReadonlyMap<string, number>;
}
