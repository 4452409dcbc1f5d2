import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { objectName, recordedObject, wantedObjects } from '../../../src/core/evidence/bucket-objects.ts';
import {
  BucketSettings,
  folderOf,
  objectUrl,
  readBucketSettings,
  uriOf,
} from '../../../src/core/evidence/bucket-settings.ts';
import { anIncident } from '../../support/builders/objects.ts';

const AWS = { name: 'my-evidence', region: 'eu-central-1' };
const parse = (change: object = {}): BucketSettings => BucketSettings.parse({ ...AWS, ...change });

describe('the URL of an object', () => {
  test.each([
    [{}, 'https://my-evidence.s3.eu-central-1.amazonaws.com/a/b'],
    [{ region: 'cn-north-1' }, 'https://my-evidence.s3.cn-north-1.amazonaws.com.cn/a/b'],
    [{ pathStyle: true }, 'https://s3.eu-central-1.amazonaws.com/my-evidence/a/b'],
    [{ name: 'my.evidence' }, 'https://s3.eu-central-1.amazonaws.com/my.evidence/a/b'],
    [{ endpoint: 'https://minio.example.com:9000' }, 'https://my-evidence.minio.example.com:9000/a/b'],
    [{ endpoint: 'https://minio.example.com:9000', pathStyle: true }, 'https://minio.example.com:9000/my-evidence/a/b'],
    [{ endpoint: 'https://10.0.0.7:9000' }, 'https://10.0.0.7:9000/my-evidence/a/b'],
    [{ endpoint: 'https://[fd00::7]' }, 'https://[fd00::7]/my-evidence/a/b'],
    [{ endpoint: 'http://127.0.0.1:9000' }, 'http://127.0.0.1:9000/my-evidence/a/b'],
  ])('with %j is %s', (change, url) => {
    expect(objectUrl(parse(change), 'a/b').href).toBe(url);
  });
});

describe('settings', () => {
  test.each([
    ['no JSON', '{'],
    ['a bucket that leads up', JSON.stringify({ ...AWS, name: '../other' })],
    ['a bucket of another host', JSON.stringify({ ...AWS, name: 'evil.com/x' })],
    ['clear text', JSON.stringify({ ...AWS, endpoint: 'http://minio.example.com' })],
    ['a password in the endpoint', JSON.stringify({ ...AWS, endpoint: 'https://user:pass@minio.example.com' })],
    ['a path in the endpoint', JSON.stringify({ ...AWS, endpoint: 'https://minio.example.com/path' })],
    ['an endpoint that is no URL', JSON.stringify({ ...AWS, endpoint: 'https://[::::' })],
    ['a prefix that leads up', JSON.stringify({ ...AWS, prefix: '../' })],
    ['a prefix without an end', JSON.stringify({ ...AWS, prefix: 'cluster-a' })],
    ['a prefix that is not ASCII', JSON.stringify({ ...AWS, prefix: 'größe/' })],
    ['a field that is not known', JSON.stringify({ ...AWS, secretKey: 'x' })],
    ['an encryption that is not known', JSON.stringify({ ...AWS, encryption: { type: 'none' } })],
  ])('are refused with words: %s', (_, text) => {
    expect(typeof readBucketSettings(text)).toBe('string');
  });
});

describe('the folder of an incident', () => {
  test('is below the prefix, and only names of Kubernetes lead there', () => {
    const settings = parse({ prefix: 'a/b/' });
    expect(folderOf(settings, 'node-a', 'node-a-7f3k2')).toBe('a/b/node-a/node-a-7f3k2');
    expect(uriOf(settings, 'a/b/node-a/x')).toBe('s3://my-evidence/a/b/node-a/x');
    for (const name of [
      '',
      '.',
      '..',
      '../node-b',
      'a/b',
      'NODE',
      'a b',
      'nöde',
      'a%2fb',
      'a\n',
      '-a',
      'a'.repeat(254),
    ]) {
      expect(folderOf(settings, name, 'node-a-7f3k2')).toBeUndefined();
      expect(folderOf(settings, 'node-a', name)).toBeUndefined();
    }
  });

  test('whatever the names are, the URL stays in it', () => {
    const settings = parse({ prefix: 'cluster-a/' });
    fc.assert(
      fc.property(fc.string(), fc.string(), (node, incident) => {
        const folder = folderOf(settings, node, incident);
        if (folder === undefined) return;
        expect(objectUrl(settings, `${folder}/f`).pathname).toBe(`/cluster-a/${node}/${incident}/f`);
      }),
    );
  });
});

describe('what belongs into the bucket', () => {
  const sha256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
  const entry = {
    name: 'kubelet.log.gz',
    kind: 'KubeletLog',
    by: 'Agent',
    state: 'Captured',
    at: '2026-11-24T10:00:00Z',
    source: 's',
    bytes: 7,
    sha256,
  } as const;

  test('is what the agent has saved, under a name that its bytes give it', () => {
    const incident = anIncident({ status: { evidence: [entry] } });
    const key = `9f86d081884c7d65-${entry.name}`;
    expect(wantedObjects(incident)).toEqual([{ file: entry.name, key, bytes: 7, sha256 }]);
    expect(objectName(entry.name, sha256)).toBe(key);
    const record = { state: 'Complete', at: '', uri: '', objects: [{ key, bytes: 7, sha256 }] } as const;
    expect(recordedObject({ ...record, objects: [...record.objects] }, entry)).toMatchObject({ key });
    expect(
      recordedObject({ ...record, objects: [...record.objects] }, { ...entry, sha256: 'ff'.repeat(32) }),
    ).toBeUndefined();
  });

  test.each([
    ['what failed', { state: 'Failed' }],
    ["the controller's own", { by: 'Controller' }],
    ['what has no size', { bytes: undefined }],
    ['what has no checksum', { sha256: undefined }],
    ['a checksum that is none', { sha256: '../../../../etc' }],
    ['a name that leads elsewhere', { name: '../kubelet.log.gz' }],
    ['a name that begins with a dot', { name: '.ssh' }],
  ])('is not %s', (_, change) => {
    const evidence = [
      JSON.parse(JSON.stringify({ ...entry, ...change }, (__, value: unknown) => value)) as typeof entry,
    ];
    expect(wantedObjects(anIncident({ status: { evidence } }))).toEqual([]);
  });
});
