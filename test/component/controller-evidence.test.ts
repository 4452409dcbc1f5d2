import { afterEach, describe, expect, test } from '@jest/globals';
import { SECRETS } from '../../src/api/resources.ts';
import { stacksSecretName } from '../../src/controller/incident/object-names.ts';
import { objectAt, type JsonObject } from '../support/api-server/json.ts';
import { runtimeHungDumps } from '../demo/dumps.ts';
import { type ControllerBench, createControllerBench } from '../support/controller-harness.ts';

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

const LIMIT_MS = 60_000;

function secret(): { readonly name: string; readonly namespace: string } {
  return { name: stacksSecretName(bench.incident('node-a')), namespace: 'kubelet-medic' };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** An incident is open, and one dump of two is saved. */
async function firstDumpSaved(): Promise<void> {
  bench = createControllerBench({
    dumps: runtimeHungDumps(),
    policy: {
      mode: 'Remediate',
      detection: { earlyCapture: false },
      evidence: { dumpInterval: '10s' },
      budget: { maxUnhealthy: '100%', cooldown: '0s' },
      remediation: { verify: { timeout: '2m', stableFor: '5s' } },
    },
  });
  await bench.clock.advance(2_000);
  bench.host('node-a').inject('runtime-hung');
  await bench.clock.advance(160_000);
  bench.startController();
  bench.startAgent('node-a');
  await bench.until('node-a', () => bench.local.seeds.read(SECRETS, secret()) !== undefined);
  await bench.clock.advance(4_000);
}

function damage(change: (data: JsonObject) => JsonObject): void {
  bench.local.seeds.edit(
    SECRETS,
    secret(),
    (draft) => {
      draft['data'] = change(objectAt(draft, 'data'));
    },
    'kubectl-edit',
  );
}

describe('a Secret with dumps that somebody has damaged', () => {
  test.each<readonly [string, string, (data: JsonObject) => JsonObject]>([
    ['its manifest is not JSON', 'not a list', (data) => ({ ...data, 'manifest.json': base64('[{') })],
    ['its manifest is no list', 'not a list', (data) => ({ ...data, 'manifest.json': base64('[{"name":"x"}]') })],
    ['its manifest is gone', 'there is no manifest.json', ({ 'manifest.json': _, ...rest }) => rest],
    ['a file of it is gone', 'goroutines-1', ({ 'goroutines-1.txt.gz': _, ...rest }) => rest],
    ['a file of it is changed', 'goroutines-1', (data) => ({ ...data, 'goroutines-1.txt.gz': base64('mine') })],
  ])(
    'is written anew when %s, and the record says so',
    async (_, why, change) => {
      await firstDumpSaved();
      damage(change);
      const { status } = await bench.until('node-a', ({ status: { outcome } }) => outcome !== undefined);
      expect(status.outcome).toBe('Recovered');
      const dumps = status.evidence?.filter(({ kind }) => kind === 'GoroutineDump') ?? [];
      expect(dumps.map(({ state }) => state)).toEqual(['Failed', 'Captured', 'Captured']);
      expect(dumps[0]?.message).toContain(`kubelet-medic/${secret().name} is damaged: `);
      expect(dumps[0]?.message).toContain(why);
      expect(dumps[0]?.source).toBe(`secret://kubelet-medic/${secret().name}#manifest.json`);
    },
    LIMIT_MS,
  );

  test(
    'ends the incident untouched when the kubelet no longer answers, with what was lost and why it is not replaced',
    async () => {
      await firstDumpSaved();
      damage((data) => ({ ...data, 'manifest.json': base64('') }));
      bench.setProxyDown('connection refused');
      const { status } = await bench.until('node-a', ({ status: { outcome } }) => outcome !== undefined);
      expect(status.outcome).toBe('EvidenceMissing');
      expect(status.steps?.find(({ name }) => name === 'capture-stacks')?.message).toContain('is damaged');
      expect(bench.events('EvidenceMissing')[0]?.message).toContain('connection refused');
      expect(bench.host('node-a').restarts).toEqual([]);
    },
    LIMIT_MS,
  );
});
