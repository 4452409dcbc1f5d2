import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KubeletIncident } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { isOpen } from '../../../../src/core/decision/node-state.ts';
import {
  INCIDENT_SHARE_BYTES,
  planEvidence,
  type StoredEvidence,
} from '../../../../src/core/decision/storage/evidence-to-trim.ts';
import { anIncident, at, T0 } from '../../../support/builders/objects.ts';
import { deadlock } from '../incident-builders.ts';

const HOUR_MS = 3_600_000;
const KIB = 1024;

interface Past {
  readonly node?: string;
  readonly hoursAgo: number;
  /** undefined: it is open. */
  readonly outcome?: string;
  /** undefined: it is not diagnosed. */
  readonly fault?: string;
}

function incidentOf(name: string, { node = `node-${name}`, hoursAgo, outcome, fault }: Past): KubeletIncident {
  const time = at(-hoursAgo * HOUR_MS);
  const complete = { type: 'Complete', status: 'True', reason: outcome ?? '', message: '', lastTransitionTime: time };
  const ended =
    outcome === undefined ? {} : { conditions: [complete as never], outcome, timings: { completedAt: time } };
  const diagnosis = fault === undefined ? {} : { diagnosis: { ...deadlock, fingerprint: fault } };
  return anIncident({ name, node, createdAt: -hoursAgo * HOUR_MS, status: { ...ended, ...diagnosis } });
}

function dumpOf({ metadata, spec }: KubeletIncident, change: Partial<StoredEvidence> = {}): StoredEvidence {
  const { name, uid } = metadata;
  const about = {
    name: `${name}-dump`,
    uid: `${uid}-dump`,
    node: spec.nodeName,
    incident: { name, uid },
    isUpload: false,
  };
  return { ...about, at: T0 - HOUR_MS, bytes: 100 * KIB, ...change };
}

/** Names of incidents in the order in which their dumps go, where there is room for so many of them. */
function goes(
  incidents: readonly KubeletIncident[],
  room: number,
  more: readonly StoredEvidence[] = [],
): readonly string[] {
  const evidence = [...incidents.map((one) => dumpOf(one)), ...more];
  const { trims } = planEvidence({ evidence, incidents, budgetBytes: room * 100 * KIB, now: T0 });
  return trims.map(({ objects }) => objects[0]?.incident.name ?? '');
}

const why = (incidents: readonly KubeletIncident[], room: number): readonly (string | undefined)[] =>
  planEvidence({
    evidence: incidents.map((one) => dumpOf(one)),
    incidents,
    budgetBytes: room * 100 * KIB,
    now: T0,
  }).trims.map(({ said }) => said?.reason);

describe('evidence in the API server', () => {
  test('stays where there is room', () => {
    expect(goes([incidentOf('a', { hoursAgo: 9, outcome: 'Recovered' })], 1)).toEqual([]);
  });

  test('goes where there is no room: false alarms, then what recovered, oldest first, then failures, last ones last', () => {
    const incidents = [
      incidentOf('last-failure', { node: 'n', hoursAgo: 40, outcome: 'HandedOver' }),
      incidentOf('failure', { node: 'n', hoursAgo: 50, outcome: 'EvidenceMissing-of-a-newer-release' }),
      incidentOf('young', { hoursAgo: 1, outcome: 'Recovered' }),
      incidentOf('old', { hoursAgo: 2, outcome: 'SelfHealed' }),
      incidentOf('false', { hoursAgo: 1, outcome: 'NotConfirmed' }),
      incidentOf('missing', { hoursAgo: 2, outcome: 'EvidenceMissing' }),
    ];
    const order = ['missing', 'false', 'old', 'young', 'failure', 'last-failure'];
    expect(goes(incidents, 0)).toEqual(order);
    for (let room = 0; room <= order.length; room++) expect(goes(incidents, room)).toEqual(order.slice(0, 6 - room));
    expect(new Set(why(incidents, 0))).toEqual(new Set(['Budget']));
  });

  test('stays of an incident that is open until its verdict is there, and goes after all else then', () => {
    const undiagnosed = incidentOf('undiagnosed', { hoursAgo: 9 });
    const diagnosed = incidentOf('diagnosed', { hoursAgo: 8, fault: 'f' });
    const last = incidentOf('last-failure', { hoursAgo: 1, outcome: 'HandedOver' });
    expect(goes([undiagnosed, diagnosed, last], 0)).toEqual(['last-failure', 'diagnosed']);
    expect(goes([undiagnosed, diagnosed, last], 2)).toEqual(['last-failure']);
  });

  test('stays of the first five nodes of a storm, and goes of the others as soon as they are diagnosed', () => {
    const storm = Array.from({ length: 9 }, (_, i) => incidentOf(`n${i}`, { hoursAgo: 0.9 - i / 100, fault: 'f' }));
    const undiagnosed = incidentOf('later', { hoursAgo: 0.1 });
    expect(goes([...storm, undiagnosed], 100)).toEqual(['n5', 'n6', 'n7', 'n8']);
    expect(why([...storm, undiagnosed], 100)).toEqual(Array.from({ length: 4 }, () => 'SharedFault'));
  });

  test('of a fault that nodes have had over months stays while there is room', () => {
    const slow = Array.from({ length: 7 }, (_, i) =>
      incidentOf(`n${i}`, { hoursAgo: 700 - 100 * i, outcome: 'HandedOver', fault: 'f' }),
    );
    expect(goes(slow, 7)).toEqual([]);
    expect(goes(slow, 5)).toEqual(['n5', 'n6']);
  });

  test('of an unknown cause is never like another one’s', () => {
    const unknown = Array.from({ length: 9 }, (_, i) =>
      incidentOf(`n${i}`, { hoursAgo: 0.9 - i / 100, fault: 'f' }),
    ).map((one) => ({ ...one, status: { diagnosis: { ...deadlock, class: 'Unknown', fingerprint: 'f' } } as const }));
    expect(goes(unknown, 9)).toEqual([]);
    expect(new Set(why(unknown, 0))).toEqual(new Set(['Budget']));
  });

  test('of one node that has the fault again and again is of one node', () => {
    const again = Array.from({ length: 9 }, (_, i) =>
      incidentOf(`n${i}`, { node: 'one', hoursAgo: 0.9 - i / 100, outcome: 'HandedOver', fault: 'f' }),
    );
    expect(goes(again, 9)).toEqual([]);
  });

  test('of nobody goes once its incident would be known', () => {
    const stranger = anIncident({ name: 'stranger' });
    expect(goes([], 100, [dumpOf(stranger, { at: T0 - 60_000 })])).toEqual([]);
    expect(goes([], 100, [dumpOf(stranger, { at: T0 - 121_000 })])).toEqual(['stranger']);
  });

  test('of an incident beyond what one may take goes, what was stored last first, also while it is open', () => {
    const open = incidentOf('liar', { hoursAgo: 1 });
    const parts = Array.from({ length: 40 }, (_, i) =>
      dumpOf(open, { name: `d${String(i).padStart(2, '0')}`, uid: `d${i}`, at: T0 - HOUR_MS + i, bytes: 700 * KIB }),
    );
    const { trims } = planEvidence({ evidence: parts, incidents: [open], budgetBytes: 1e9, now: T0 });
    expect(trims).toHaveLength(1);
    expect(trims[0]?.said?.reason).toBe('TooLarge');
    const left = parts.filter((one) => !trims[0]?.objects.includes(one));
    expect(left).toEqual(parts.slice(0, left.length));
    expect(left.length * 700 * KIB).toBeLessThanOrEqual(INCIDENT_SHARE_BYTES);
  });

  test('that takes more than a part goes before what is as old and as worthy', () => {
    const incidents = [
      incidentOf('old', { hoursAgo: 90, outcome: 'HandedOver' }),
      incidentOf('huge', { hoursAgo: 1, outcome: 'HandedOver' }),
    ];
    const evidence = [dumpOf(incidents[0]!), dumpOf(incidents[1]!, { bytes: 9_000 * KIB })];
    const { trims } = planEvidence({ evidence, incidents, budgetBytes: 8_000 * KIB, now: T0 });
    expect(trims.map(({ objects }) => objects[0]?.incident.name)).toEqual(['huge']);
  });

  test('that a person has just asked for outlives failures, and not for long', () => {
    const failure = incidentOf('failure', { hoursAgo: 9, outcome: 'HandedOver' });
    const upload = (name: string, agoMs: number): StoredEvidence =>
      dumpOf(failure, { name, uid: name, isUpload: true, at: T0 - agoMs });
    const evidence = [dumpOf(failure), upload('new', 60_000), upload('old', 180_000)];
    const { trims } = planEvidence({ evidence, incidents: [failure], budgetBytes: 0, now: T0 });
    expect(trims.map(({ objects }) => objects[0]?.name)).toEqual(['old', 'failure-dump', 'new']);
  });
});

const somePast = fc.record({
  node: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
  hoursAgo: fc.integer({ min: 0, max: 2_000 }),
  outcome: fc.constantFrom(
    undefined,
    'Recovered',
    'HandedOver',
    'NotConfirmed',
    'EvidenceMissing',
    'of another release',
  ),
  fault: fc.constantFrom(undefined, 'f', 'g'),
  bytes: fc.array(fc.integer({ min: 2_048, max: 700 * KIB }), { minLength: 0, maxLength: 40 }),
  isKnown: fc.boolean(),
});

describe('whatever there is', () => {
  test('what is left is within the budget, or it is held; nothing goes twice, and no undiagnosed one that is open', () => {
    fc.assert(
      fc.property(
        fc.array(somePast, { maxLength: 25 }),
        fc.integer({ min: 0, max: 30_000 * KIB }),
        (pasts, budgetBytes) => {
          const all = pasts.map(({ outcome, fault, ...past }, i) =>
            incidentOf(`i${i}`, {
              ...past,
              ...(outcome === undefined ? {} : { outcome }),
              ...(fault === undefined ? {} : { fault }),
            }),
          );
          const evidence = all.flatMap((one, i) =>
            (pasts[i]?.bytes ?? []).map((bytes, n) =>
              dumpOf(one, { name: `i${i}-${n}`, uid: `i${i}-${n}`, at: T0 - n, bytes }),
            ),
          );
          const incidents = all.filter((_, i) => pasts[i]?.isKnown);
          const { trims, usedBytes } = planEvidence({ evidence, incidents, budgetBytes, now: T0 });
          const gone = trims.flatMap(({ objects }) => objects);
          expect(new Set(gone.map(({ uid }) => uid)).size).toBe(gone.length);
          const left = evidence.filter((one) => !gone.includes(one));
          const leftBytes = left.reduce((sum, { bytes }) => sum + bytes, 0);
          const known = new Map(incidents.map((one) => [one.metadata.uid, one]));
          const isHeld = ({ incident }: StoredEvidence): boolean => {
            const owner = known.get(incident.uid);
            return owner === undefined || isOpen(owner);
          };
          if (leftBytes > budgetBytes) expect(left.every(isHeld)).toBe(true);
          expect(usedBytes - gone.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(leftBytes);
          for (const { said } of trims) {
            if (said === undefined || !isOpen(said.incident)) continue;
            expect(said.incident.status.diagnosis !== undefined || said.reason === 'TooLarge').toBe(true);
          }
          // Asked again of what is left, nothing more goes.
          expect(planEvidence({ evidence: left, incidents, budgetBytes, now: T0 }).trims).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('an agent that writes what it likes', () => {
  const MIB = 1024 * KIB;
  const BUDGET = 64 * MIB;
  const failed = Array.from({ length: 50 }, (_, at) =>
    incidentOf(`n${String(at)}-aaaaa`, {
      node: `n${String(at)}`,
      hoursAgo: 1,
      outcome: 'HandedOver',
      fault: `f${String(at)}`,
    }),
  );
  const [own] = failed;
  /** As much as it can store, of the node n0. */
  const hostile = (count: number, change: (at: number) => Partial<StoredEvidence>): readonly StoredEvidence[] =>
    Array.from({ length: count }, (_, at) => ({
      ...dumpOf(own!, { name: `n0-${String(at)}`, uid: `hostile-${String(at)}`, bytes: 683 * KIB, at: T0 - 15_000 }),
      ...change(at),
    }));
  const plan = (evidence: readonly StoredEvidence[], incidents: readonly KubeletIncident[]) =>
    planEvidence({ evidence, incidents, budgetBytes: BUDGET, now: T0 });
  const lostOf = (evidence: readonly StoredEvidence[]): readonly string[] =>
    plan([...failed.map((one) => dumpOf(one)), ...evidence], failed)
      .trims.flatMap(({ objects }) => objects.map(({ node }) => node))
      .filter((node) => node !== 'n0');

  test("takes no room of another node's incident by its UID", () => {
    const victim = incidentOf('victim-aaaaa', { node: 'victim', hoursAgo: 0.01 });
    const dump = dumpOf(victim, { at: T0 - 5_000 });
    const { uid } = victim.metadata;
    for (const name of ['n0-aaaaa', 'victim-aaaaa']) {
      const foreign = hostile(25, () => ({ incident: { name, uid } }));
      const { trims, heldBytes } = plan([...foreign, dump], [victim]);
      expect(trims.flatMap(({ objects }) => objects)).not.toContain(dump);
      expect(heldBytes).toBe(dump.bytes);
    }
  });

  test('keeps no capture of others from beginning, by incidents that there never were', () => {
    const evidence = hostile(100, (at) => ({ incident: { name: `n0-${String(at)}`, uid: `fake-${String(at)}` } }));
    expect(plan(evidence, []).heldBytes).toBe(0);
  });

  test('pushes out nothing of other nodes', () => {
    expect(lostOf(hostile(100, () => ({ isUpload: true })))).toEqual([]);
    expect(lostOf(hostile(100, (at) => ({ incident: { name: 'n0-zzzzz', uid: `fake-${String(at)}` } })))).toEqual([]);
  });
});

test('open incidents that have their verdict, and wait for a person, keep no capture of others from beginning', () => {
  const waiting = Array.from({ length: 520 }, (_, at) =>
    incidentOf(`w${String(at)}`, { hoursAgo: 1, fault: `f${String(at)}` }),
  );
  const evidence = waiting.map((one) => dumpOf(one, { bytes: 128 * KIB }));
  const { heldBytes, trims } = planEvidence({ evidence, incidents: waiting, budgetBytes: 64 * 1024 * KIB, now: T0 });
  expect([heldBytes, trims.length]).toEqual([0, 8]);
});
