import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { EVIDENCE_BYTES, EVIDENCE_PARTS, KubeletEvidence } from '../../../src/api/v1alpha1/kinds/kubelet-evidence.ts';
import { assemble, evidenceName, type EvidenceOwner, toObjects } from '../../../src/core/evidence/evidence-objects.ts';
import { locationText, parseLocation } from '../../../src/core/evidence/location.ts';
import { sealArtifact } from '../../../src/core/evidence/manifest.ts';

const OWNER: EvidenceOwner = { nodeName: 'node-1', incident: 'node-1-x7k2p', incidentUID: 'uid-1' };
const OPTIONS = { occasion: '', expiresAt: undefined };

function entryOf(bytes: Buffer) {
  const origin = { name: 'goroutines-1.txt', kind: 'GoroutineDump', by: 'Agent', source: 'memory', at: 0 } as const;
  const content = { bytes, truncated: false, message: '' };
  return sealArtifact(origin, content, { redact: false });
}

function objectsOf(bytes: Buffer, owner = OWNER): KubeletEvidence[] {
  const { entry } = entryOf(Buffer.from('dump'));
  const sum = entryOf(bytes);
  const objects = toObjects(owner, { ...entry, sha256: sum.entry.sha256 }, sum.bytes, OPTIONS) ?? [];
  return objects.map(({ name, spec }) => KubeletEvidence.parse({ metadata: { name }, spec }));
}

describe('an artifact in the API server', () => {
  test('is the same after it was cut into parts and put together, in whatever order the parts are read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: EVIDENCE_BYTES * 2 + 1 }), fc.boolean(), (size, isReversed) => {
        const bytes = Buffer.alloc(size, 7);
        const { entry } = entryOf(Buffer.from('x'));
        const sealed = { ...entry, sha256: entry.sha256 };
        const cut = toObjects(OWNER, sealed, bytes, OPTIONS) ?? [];
        const read = cut.map(({ name, spec }) => KubeletEvidence.parse({ metadata: { name }, spec }));
        const parts = isReversed ? read.reverse() : read;
        const whole = Buffer.concat(cut.map(({ spec }) => Buffer.from(spec.data, 'base64')));
        expect(whole.equals(bytes)).toBe(true);
        expect(parts.every(({ spec }) => Buffer.from(spec.data, 'base64').length <= EVIDENCE_BYTES)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test('is read back whole when its checksum is the one that was sealed', () => {
    const { entry } = entryOf(Buffer.from('goroutine 1 [select]:'));
    const objects = objectsOf(Buffer.from('goroutine 1 [select]:'));
    expect(assemble(OWNER, entry, objects).kind).toBe('whole');
  });

  test.each([
    ['of another node', { ...OWNER, nodeName: 'node-2' }],
    ['of another incident', { ...OWNER, incidentUID: 'uid-2' }],
  ])('is refused when it is %s', (_, owner) => {
    const { entry } = entryOf(Buffer.from('dump'));
    expect(assemble(OWNER, entry, objectsOf(Buffer.from('dump'), owner))).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('is not of this incident'),
    });
  });

  test('is refused when a part is missing, or its bytes were changed', () => {
    const { entry } = entryOf(Buffer.from('dump'));
    expect(assemble(OWNER, entry, [])).toMatchObject({ kind: 'refused' });
    const [one] = objectsOf(Buffer.from('another dump'));
    expect(assemble(OWNER, entry, [one!])).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('SHA-256 is'),
    });
  });

  test('that could not be had says why, and only for its own incident', () => {
    const { entry } = entryOf(Buffer.from('dump'));
    const failed = { ...entry, state: 'Failed', message: 'it is gone from the spool' } as const;
    const objects = toObjects(OWNER, failed, Buffer.alloc(0), OPTIONS) ?? [];
    const read = objects.map(({ name, spec }) => KubeletEvidence.parse({ metadata: { name }, spec }));
    expect(assemble(OWNER, entry, read)).toEqual({ kind: 'missing', message: 'it is gone from the spool' });
    expect(assemble({ ...OWNER, incidentUID: 'uid-2' }, entry, read).kind).toBe('refused');
  });

  test('has a name that no other node may write, however alike their names are', () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/);
    // As the admission policy asks it.
    const mayWrite = (node: string, name: string): boolean => {
      const prefix = `${node.slice(0, 230)}-`;
      return name.startsWith(prefix) && /^[0-9a-f]{12}(\.[0-9]{1,2})?$/.test(name.slice(prefix.length));
    };
    const tail = fc.stringMatching(/^[0-9a-f.-]{0,16}[0-9a-f]$/);
    fc.assert(
      fc.property(label, tail, fc.integer({ min: 0, max: EVIDENCE_PARTS - 1 }), (node, end, part) => {
        const other = `${node.slice(0, 200)}${end}`;
        const [mine, theirs] = [node, other].map((nodeName) => evidenceName({ ...OWNER, nodeName }, 'a', '', part));
        expect(mine?.length).toBeLessThanOrEqual(253);
        expect(mayWrite(node, mine!)).toBe(true);
        if (node === other) return;
        expect([mayWrite(node, theirs!), mayWrite(other, mine!)]).toEqual([false, false]);
      }),
    );
  });

  test('is refused as too large beyond its bound', () => {
    const { entry } = entryOf(Buffer.from('dump'));
    expect(toObjects(OWNER, entry, Buffer.alloc(EVIDENCE_BYTES * EVIDENCE_PARTS), OPTIONS)).toHaveLength(
      EVIDENCE_PARTS,
    );
    expect(toObjects(OWNER, entry, Buffer.alloc(EVIDENCE_BYTES * EVIDENCE_PARTS + 1), OPTIONS)).toBeUndefined();
  });
});

describe('a location', () => {
  test.each([
    { kind: 'evidence', name: 'node-1-x7k2p-0a1b2c3d4e5f' },
    { kind: 'spool', node: 'ip-10-0-0-1.ec2.internal', bundle: 'node-1-x7k2p', file: 'kubelet.log.gz' },
  ] as const)('is read back as it was written: %j', (location) => {
    expect(parseLocation(locationText(location))).toEqual(location);
  });

  test.each([
    '',
    'secret://kube-system/token#key',
    'spool://node-1/../../etc/shadow',
    'spool://node-1/a/..',
    'spool://node-1/a/b/c',
    'spool://node-1/a/.hidden',
    'spool:///a/b',
    'evidence://',
    'evidence://UPPER',
    'evidence://a/b',
    'evidence://a?x=1',
  ])('is none that could not be one: %j', (text) => {
    expect(parseLocation(text)).toBeUndefined();
  });
});
