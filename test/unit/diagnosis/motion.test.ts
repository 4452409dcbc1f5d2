import { describe, expect, test } from '@jest/globals';
import { relistMotion } from '../../../src/core/diagnosis/analysis/motion.ts';
import type { Facts } from '../../../src/core/diagnosis/analysis/facts.ts';
import type { Movement } from '../../../src/core/diagnosis/analysis/compare.ts';
import type { RelistPlace } from '../../../src/core/diagnosis/analysis/relist.ts';
import { parseDump } from '../../../src/core/dump/parser.ts';

function facts(place: RelistPlace, movement: Movement, minutes = 0): Pick<Facts, 'relist' | 'movement' | 'syncLoop'> {
  const waits = minutes === 0 ? '' : `, ${minutes} minutes`;
  const text = `goroutine 12 [select${waits}]:\nk8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).Relist(0xc0)\n\t/pleg/generic.go:219 +0x1\n`;
  const group = parseDump(text).groups[0];
  if (group === undefined) throw new Error('there is no goroutine');
  const relist = { place, group, frames: group.frames, names: [], at: 0, criMethod: undefined };
  return { relist, movement, syncLoop: { place: 'idle', group: undefined } };
}

describe('relist', () => {
  test.each([
    ['in the very same call in both dumps', facts('cri', 'same-call'), 'Stuck'],
    ['at the same place, for a minute', facts('cri', 'same-place', 1), 'Stuck'],
    ['in one dump, for a minute', facts('cri', 'unknown', 3), 'Stuck'],
    ['at the same send in both dumps', facts('event-send', 'same-place'), 'Stuck'],
    ['at the same lock in both dumps', facts('lock', 'same-place'), 'Stuck'],
    ['in a call of the same kind: it may be another one', facts('cri', 'same-place'), 'Unknown'],
    ['in one dump', facts('cri', 'unknown'), 'Unknown'],
    ['in another call', facts('cri', 'next-call'), 'Moving'],
    ['elsewhere', facts('other', 'moved'), 'Moving'],
    ['between two relists', facts('idle', 'same-place', 5), 'Moving'],
  ] as const)('%s', (_, question, want) => {
    expect(relistMotion(question)).toBe(want);
  });

  test('is stuck where the sync loop skips its work, and not known where it is in no dump', () => {
    const idle = facts('idle', 'moved');
    expect(relistMotion({ ...idle, syncLoop: { place: 'skipping', group: undefined } })).toBe('Stuck');
    expect(relistMotion({ ...idle, relist: undefined })).toBe('Unknown');
  });
});
