import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { SECRETS } from '../../../src/api/resources.ts';
import { LABEL_COMPONENT } from '../../../src/api/v1alpha1/names.ts';
import {
  type Bundle,
  bytesOf,
  deleteBundle,
  dumpsOf,
  EMPTY_BUNDLE,
  readBundle,
  writeBundle,
} from '../../../src/controller/stacks/secret-bundle.ts';
import { failedArtifact, sealArtifact } from '../../../src/core/evidence/manifest.ts';
import { answerError } from '../../../src/kube/errors.ts';
import { objectAt } from '../../support/api-server/json.ts';
import { T0 } from '../../support/builders/objects.ts';
import { createControllerWorld } from '../../support/controller-world.ts';

const owner = { apiVersion: 'kubelet-medic.io/v1alpha1', kind: 'KubeletIncident', name: 'node-a-1', uid: 'uid-1' };
const ref = { name: 'kubelet-medic-abc', component: 'incident-stacks', owner } as const;
const place = { name: ref.name, namespace: 'kubelet-medic' };

function sealed(name: string, text: string): ReturnType<typeof sealArtifact> {
  const origin = { name, kind: 'GoroutineDump', by: 'Controller', source: 's', at: T0 } as const;
  const content = { bytes: Buffer.from(text), truncated: false, message: '' };
  return sealArtifact(origin, content, { redact: false, location: (file) => `secret://x/y#${file}` });
}

function aBundle(): Bundle {
  const parts = [sealed('goroutines-1.txt', 'first'), sealed('goroutines-2.txt', 'second')];
  const metrics = { name: 'metrics.txt', kind: 'KubeletMetrics', by: 'Controller', source: 's', at: T0 } as const;
  return {
    entries: [...parts.map(({ entry }) => entry), failedArtifact(metrics, 'no answer')],
    files: new Map(parts.map(({ file, bytes }) => [file, bytes])),
  };
}

describe('a bundle', () => {
  test('comes back from its Secret as it was written', async () => {
    const { world } = createControllerWorld();
    await writeBundle(world, ref, aBundle());
    const stored = await readBundle(world, ref.name);
    expect(stored?.bundle).toEqual(aBundle());
    expect(stored?.bundle.files.has('manifest.json')).toBe(false);
  });

  test('belongs to its incident, and says what it is', async () => {
    const { world, local } = createControllerWorld();
    await writeBundle(world, { ...ref, annotations: { a: 'b' } }, aBundle());
    const secret = local.seeds.read(SECRETS, place) ?? {};
    expect(secret).toMatchObject({ type: 'kubelet-medic.io/evidence', metadata: { annotations: { a: 'b' } } });
    expect(objectAt(secret, 'metadata')).toMatchObject({
      ownerReferences: [owner],
      labels: { [LABEL_COMPONENT]: 'incident-stacks', 'app.kubernetes.io/managed-by': 'kubelet-medic' },
    });
  });

  test('that is written again holds what it was last told, and no file of before', async () => {
    const { world } = createControllerWorld();
    await writeBundle(world, ref, aBundle());
    const { file, bytes, entry } = sealed('goroutines-1.txt', 'third');
    await writeBundle(world, ref, { entries: [entry], files: new Map([[file, bytes]]) });
    const stored = await readBundle(world, ref.name);
    expect([...(stored?.bundle.files.keys() ?? [])]).toEqual(['goroutines-1.txt.gz']);
    expect(dumpsOf(stored?.bundle ?? EMPTY_BUNDLE)).toEqual([{ name: 'goroutines-1.txt.gz', text: 'third' }]);
  });

  test('gives its dumps as text in order, and passes over what is none or failed', () => {
    const lost = failedArtifact(
      { name: 'goroutines-3.txt', kind: 'GoroutineDump', by: 'Controller', source: 's', at: T0 },
      'no answer',
    );
    const counts = { ...sealed('goroutine-counts.txt', 'total 1').entry, kind: 'GoroutineCounts' } as const;
    const { entries, files } = aBundle();
    const more = new Map(files).set('goroutine-counts.txt.gz', gzipSync('total 1'));
    expect(dumpsOf({ entries: [...entries, lost, counts], files: more }).map(({ text }) => text)).toEqual([
      'first',
      'second',
    ]);
  });

  test('is as large as its files', () => {
    const files = new Map([
      ['a', Buffer.alloc(3)],
      ['b', Buffer.alloc(4)],
    ]);
    expect(bytesOf({ entries: [], files })).toBe(7);
    expect(bytesOf(EMPTY_BUNDLE)).toBe(0);
  });

  test('that nobody wrote is none', async () => {
    const { world } = createControllerWorld();
    expect(await readBundle(world, ref.name)).toBeUndefined();
  });

  test('in a Secret that somebody else made is not trusted, and it is said where', async () => {
    const { world, local } = createControllerWorld();
    local.seeds.seed(SECRETS, { metadata: place, data: { 'goroutines-1.txt.gz': 'bWluZQ==' } });
    const stored = await readBundle(world, ref.name);
    expect(stored?.bundle.files.size).toBe(0);
    expect(stored?.bundle.entries).toMatchObject([
      {
        kind: 'GoroutineDump',
        state: 'Failed',
        source: 'secret://kubelet-medic/kubelet-medic-abc#manifest.json',
        message: 'the Secret kubelet-medic/kubelet-medic-abc is damaged: there is no manifest.json',
      },
    ]);
  });
});

describe('a Secret that is no longer needed', () => {
  test('is deleted, and that it is gone already is no error', async () => {
    const { world, local, log } = createControllerWorld();
    await writeBundle(world, ref, aBundle());
    await deleteBundle(world, ref.name);
    expect(local.seeds.read(SECRETS, place)).toBeUndefined();
    await deleteBundle(world, ref.name);
    expect(log.entries).toEqual([]);
  });

  test('and cannot be deleted is logged by its name, for the next time', async () => {
    const { world, local, log } = createControllerWorld();
    await writeBundle(world, ref, aBundle());
    local.onWrite(() => {
      throw answerError('delete secrets', { status: 403, body: Buffer.from('{}') });
    });
    await deleteBundle(world, ref.name);
    expect(log.entries).toMatchObject([{ level: 'warn', fields: { bundle: ref.name } }]);
  });
});
