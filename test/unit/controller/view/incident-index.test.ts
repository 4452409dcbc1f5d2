import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { KubeletIncident } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { createIncidentIndex } from '../../../../src/controller/view/incident-index.ts';
import { isOpen } from '../../../../src/core/decision/node-state.ts';
import { anIncident, at, T0 } from '../../../support/builders/objects.ts';

const complete = { type: 'Complete', status: 'True', reason: 'x', message: '', lastTransitionTime: at(0) } as const;

function incident(name: string, node: string, endedAt: number | undefined): KubeletIncident {
  if (endedAt === undefined) return anIncident({ name, node });
  return anIncident({ name, node, status: { conditions: [complete], timings: { completedAt: at(endedAt) } } });
}

const write = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  node: fc.constantFrom('node-a', 'node-b'),
  endedAt: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
  isGone: fc.boolean(),
});

const names = (incidents: Iterable<KubeletIncident>): readonly string[] =>
  [...incidents].map(({ metadata }) => metadata.name).sort();

describe('the index of incidents', () => {
  test('answers as a look at all of them would, whatever was written', () => {
    fc.assert(
      fc.property(fc.array(write, { maxLength: 40 }), fc.integer({ min: -1, max: 6 }), (writes, since) => {
        const index = createIncidentIndex();
        const all = new Map<string, KubeletIncident>();
        for (const { name, node, endedAt, isGone } of writes) {
          const written = incident(name, node, endedAt);
          index.set(name, isGone ? undefined : written);
          if (isGone) all.delete(name);
          else all.set(name, written);
        }
        const those = [...all.values()];
        const isLate = ({ status }: KubeletIncident): boolean =>
          Date.parse(status.timings?.completedAt ?? '') >= T0 + since;
        expect(names(index.open())).toEqual(names(those.filter(isOpen)));
        expect(names(index.ofNode('node-a'))).toEqual(names(those.filter(({ spec }) => spec.nodeName === 'node-a')));
        const counts = those.filter((one) => isOpen(one) || isLate(one) || one.spec.nodeName === 'node-a');
        expect(names(index.thatCount('node-a', T0 + since))).toEqual(names(counts));
        expect([...all.keys()].map((name) => index.get(name))).toEqual(those);
      }),
    );
  });

  test('takes one whose end is not known for one that ended long ago', () => {
    const index = createIncidentIndex();
    index.set('odd', anIncident({ name: 'odd', status: { conditions: [complete] } }));
    expect(index.thatCount('another', 1)).toEqual([]);
    expect(names(index.thatCount('another', 0))).toEqual(['odd']);
    expect(names(index.thatCount('node-a', 1))).toEqual(['odd']);
  });
});
