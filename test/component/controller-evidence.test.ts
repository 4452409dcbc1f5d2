import { afterEach, describe, expect, test } from '@jest/globals';
import { EVIDENCES } from '../../src/api/resources.ts';
import type { KubeletEvidence } from '../../src/api/v1alpha1/kinds/kubelet-evidence.ts';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { MedicError } from '../../src/ports/errors.ts';
import { runtimeHungDumps } from '../demo/dumps.ts';
import { type ControllerBench, createControllerBench } from '../support/controller-harness.ts';

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

const LIMIT_MS = 60_000;
const POLICY = {
  mode: 'Remediate',
  detection: { earlyCapture: false },
  evidence: { dumpInterval: '10s' },
  budget: { maxUnhealthy: '100%', cooldown: '0s' },
  remediation: { verify: { timeout: '2m', stableFor: '5s' } },
};

/** A hung runtime on node-a, shortly before the kubelet says so. */
async function almostBreached(nodeProxy = false, evidence: object = POLICY.evidence): Promise<void> {
  bench = createControllerBench({ dumps: runtimeHungDumps(), policy: { ...POLICY, evidence }, nodeProxy });
  await bench.clock.advance(2_000);
  bench.host('node-a').inject('runtime-hung');
  await bench.clock.advance(160_000);
  bench.startController();
  bench.startAgent('node-a');
}

function objects(): readonly KubeletEvidence[] {
  return bench.local.list(EVIDENCES);
}

function dumpsOf({ status }: KubeletIncident): readonly (readonly [string, string, string | undefined])[] {
  return (status.evidence ?? [])
    .filter(({ kind }) => kind === 'GoroutineDump')
    .map(({ by, state, location }) => [by, state, location?.split(':')[0]]);
}

const isOver = ({ status: { outcome } }: KubeletIncident): boolean => outcome !== undefined;

describe('the dumps of an incident', () => {
  test(
    'are taken by the agent, twice, from the kubelet and from the runtime, and are objects of their own',
    async () => {
      await almostBreached();
      const incident = await bench.until('node-a', isOver);
      expect(incident.status.outcome).toBe('Recovered');
      expect(dumpsOf(incident)).toEqual([
        ['Agent', 'Captured', 'evidence'],
        ['Agent', 'Captured', 'evidence'],
      ]);
      expect(
        objects()
          .map(({ spec }) => spec.entry.name)
          .sort(),
      ).toEqual([
        'goroutines-1.txt.gz',
        'goroutines-2.txt.gz',
        'runtime-goroutines-1.txt.gz',
        'runtime-goroutines-2.txt.gz',
      ]);
      for (const { metadata, spec } of objects()) {
        expect(metadata.ownerReferences[0]?.uid).toBe(incident.metadata.uid);
        expect(spec.nodeName).toBe('node-a');
      }
    },
    LIMIT_MS,
  );

  test(
    'are missing when the memory cannot be read; nothing is done to the node, and the record says why',
    async () => {
      await almostBreached();
      bench.host('node-a').breakStacks('ptrace_scope is 3: nobody may read the memory of another process');
      const { status } = await bench.until('node-a', isOver);
      expect(status.outcome).toBe('EvidenceMissing');
      expect(bench.events('EvidenceMissing')[0]?.message).toContain('ptrace_scope is 3');
      expect(bench.host('node-a').restarts).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'come through the node proxy where that is granted and the memory cannot be read, and the record says which way',
    async () => {
      await almostBreached(true);
      bench.host('node-a').breakStacks('ptrace_scope is 3');
      const incident = await bench.until('node-a', isOver);
      expect(incident.status.outcome).toBe('Recovered');
      const captured = (incident.status.evidence ?? []).filter(({ state, kind }) => {
        return state === 'Captured' && kind === 'GoroutineDump';
      });
      expect(captured.map(({ by }) => by)).toEqual(['Controller', 'Controller']);
      expect(captured[0]?.source).toBe('nodes/node-a/proxy/debug/pprof/goroutine?debug=2');
      expect(incident.status.diagnosis?.cause).toBe('runtime-hung');
    },
    LIMIT_MS,
  );

  test(
    'that somebody has deleted before they were read end the incident untouched',
    async () => {
      await almostBreached();
      bench.local.onWrite(({ plural, verb }) => {
        if (plural !== 'kubeletevidences' || verb !== 'create') return;
        for (const { metadata } of objects()) bench.local.seeds.remove(EVIDENCES, { name: metadata.name });
      });
      const { status } = await bench.until('node-a', isOver);
      expect(status.outcome).toBe('EvidenceMissing');
      expect(bench.events('EvidenceMissing')[0]?.message).toContain('is not in the API server any more');
      expect(bench.host('node-a').restarts).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'that unpack to more than is read of one incident are no evidence, and the controller lives on',
    async () => {
      await almostBreached();
      bench.host('node-a').inflateStacks(10 * 1024 * 1024);
      const { status } = await bench.until('node-a', isOver);
      expect(status.outcome).toBe('EvidenceMissing');
      expect(bench.events('EvidenceMissing')[0]?.message).toContain('is too large unpacked');
      expect(bench.host('node-a').restarts).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'that the API server does not know as a kind end the incident untouched, with its words',
    async () => {
      await almostBreached();
      bench.local.onWrite(({ plural, verb }) => {
        if (plural !== 'kubeletevidences' || verb !== 'create') return;
        throw new MedicError('E_KUBE_ABSENT', 'absent', 'the server could not find the requested resource');
      });
      const { status } = await bench.until('node-a', isOver);
      expect(status.outcome).toBe('EvidenceMissing');
      expect(bench.events('EvidenceMissing')[0]?.message).toContain('could not find the requested resource');
    },
    LIMIT_MS,
  );

  test(
    'that would not all fit their deadline are fewer, and the node is recovered',
    async () => {
      await almostBreached(false, { dumps: 10, dumpInterval: '10s', deadline: '1m' });
      const incident = await bench.until('node-a', isOver);
      expect(incident.status.outcome).toBe('Recovered');
      expect(dumpsOf(incident).length).toBeGreaterThan(1);
      expect(dumpsOf(incident).length).toBeLessThan(10);
    },
    LIMIT_MS,
  );

  test(
    'are missing, and the incident ends, where the controller may not read them',
    async () => {
      await almostBreached();
      bench.refuseReads('kubeletevidences');
      const { status } = await bench.until('node-a', isOver);
      expect(status.outcome).toBe('EvidenceMissing');
      expect(bench.host('node-a').restarts).toEqual([]);
    },
    LIMIT_MS,
  );
});
