/** Who takes part in a world: each with a wall clock of its own, and its own way to the API server. */
import type { Clock, Random } from '../../src/ports/clock.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { skewedClock, type SkewedClock } from './clock.ts';
import { createFaultyClient, type Faults } from './faulty-cluster.ts';
import type { LocalCluster } from './local-cluster.ts';

export interface Party {
  readonly clock: SkewedClock;
  readonly cluster: Cluster;
  readonly faults: Faults;
}

/** A party is there from the first time that it is named; its clock and its faults outlive its processes. */
export function createParties(
  local: LocalCluster,
  { clock, random, around = (cluster) => cluster }: PartiesOptions,
): (name: string) => Party {
  const parties = new Map<string, Party>();
  return (name) => {
    const known = parties.get(name);
    if (known !== undefined) return known;
    const own = skewedClock(clock);
    const client = createFaultyClient(around(local.clusterFor(own), name), { clock: own, random });
    const party: Party = { clock: own, ...client };
    parties.set(name, party);
    return party;
  };
}

export interface PartiesOptions {
  /** The time that all of them share. */
  readonly clock: Clock;
  readonly random: Random;
  /** What a client of the real API server finds besides, for example the node proxy. */
  readonly around?: (cluster: Cluster, name: string) => Cluster;
}
