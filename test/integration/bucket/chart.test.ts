/** What the chart makes of the values that docs/evidence-bucket.md shows. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { readBucketSettings } from '../../../src/core/evidence/bucket-settings.ts';
import { controllerMemory } from '../../../tools/generate/sizing.ts';
import { parseManifests, type YamlObject } from '../../support/raw-resource.ts';
import { createTempFolder } from '../../support/temp-folder.ts';

const path = (relative: string): string => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
/** A rule of RBAC. */
const CREATES = '"resources":["kubeletevidences"],"verbs":["create"]';
const folder = createTempFolder();
const helm = execFileSync(path('test/lab/helm.sh'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
const DOCUMENT = readFileSync(path('docs/evidence-bucket.md'), 'utf8');
const [PLAIN = '', IRSA = '', MINIO = ''] = [...DOCUMENT.matchAll(/```yaml\n([^]*?)```/g)].map(([, text = '']) => text);

function render(values: string, ...argv: readonly string[]): readonly YamlObject[] {
  const file = folder.write('values.yaml', values);
  const flags = ['template', 'kubelet-medic', path('charts/kubelet-medic'), '-n', 'kubelet-medic', '-f', file, ...argv];
  return parseManifests(
    execFileSync(helm, flags, { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
}

function textOf(objects: readonly YamlObject[], kind: string, name = ''): string {
  return JSON.stringify(objects.filter((one) => one.kind === kind && String(one.metadata.name).endsWith(name)));
}

describe('the values of the document', () => {
  test.each([
    ['plain', PLAIN],
    ['with IRSA', IRSA],
    ['of MinIO', MINIO],
  ])('(%s) are read by both programs', (_, values) => {
    const objects = render(values);
    for (const kind of ['Deployment', 'DaemonSet']) {
      const [, json = '""'] =
        /"name":"KUBELET_MEDIC_BUCKET","value":("(?:[^"\\]|\\.)*")/.exec(textOf(objects, kind)) ?? [];
      expect(readBucketSettings(String(JSON.parse(json)))).toMatchObject({ prefix: 'prod-eu-1/' });
    }
  });

  test('give static keys to the controller alone, by their Secret', () => {
    const objects = render(MINIO);
    expect(textOf(objects, 'Deployment')).toContain(
      '"secretKeyRef":{"name":"medic-bucket","key":"AWS_SECRET_ACCESS_KEY","optional":true}',
    );
    expect(textOf(objects, 'DaemonSet')).not.toContain('AWS_');
    expect(textOf(objects, 'Secret')).toBe('[]');
  });

  test('give the certificates to both', () => {
    const objects = render(MINIO);
    for (const kind of ['Deployment', 'DaemonSet']) {
      expect(textOf(objects, kind)).toContain('"--bucket-ca=/etc/kubelet-medic/bucket/ca.crt"');
      expect(textOf(objects, kind)).toContain('"name":"kubelet-medic-bucket"');
    }
    expect(textOf(objects, 'ConfigMap', '-bucket')).toContain('BEGIN CERTIFICATE');
    expect(textOf(render(PLAIN), 'ConfigMap', '-bucket')).toBe('[]');
  });

  test('annotate the account of the controller alone for IRSA', () => {
    const accounts = render(IRSA).filter(({ kind }) => kind === 'ServiceAccount');
    const annotated = accounts.filter((one) => JSON.stringify(one).includes('eks.amazonaws.com/role-arn'));
    expect(annotated.map(({ metadata }) => metadata.name)).toEqual(['kubelet-medic-controller']);
  });

  test('open the network policy for the port of the bucket, and for Pod Identity where there is no Secret', () => {
    const minio = textOf(render(MINIO, '--set', 'agent.hostNetwork=false'), 'NetworkPolicy');
    expect(minio.match(/"port":9000/g)).toHaveLength(2);
    expect(minio).not.toContain('169.254.170.23');
    const plain = render(PLAIN, '--set', 'agent.hostNetwork=false');
    expect(textOf(plain, 'NetworkPolicy', '-controller')).toContain('169.254.170.23/32');
    expect(textOf(plain, 'NetworkPolicy', '-agent')).not.toContain('169.254.170.23');
  });

  test('let the controller add evidence, which admission holds to uploads that expire', () => {
    const objects = render(PLAIN);
    expect(textOf(objects, 'ClusterRole', '-controller')).toContain(CREATES);
    expect(textOf(objects, 'ValidatingAdmissionPolicy')).toContain('or an upload that expires within two hours');
  });

  test('give the controller more memory', () => {
    expect(textOf(render(PLAIN), 'Deployment')).toContain(`"memory":"${String(controllerMemory(500).limit + 32)}Mi"`);
  });
});

describe('without a bucket', () => {
  test('nothing of it is in what is installed', () => {
    const text = JSON.stringify(render('{}').filter(({ kind }) => kind !== 'CustomResourceDefinition'));
    expect(text).not.toMatch(/bucket|AWS_|169\.254/i);
    expect(textOf(render('{}'), 'ClusterRole', '-controller')).not.toContain(CREATES);
    expect(text).toContain(`"memory":"${String(controllerMemory(500).limit)}Mi"`);
  });

  test.each([
    ['name: ../x', 'name'],
    ['name: abc, endpoint: "http://minio.example.com"', 'endpoint'],
    ['name: abc, prefix: "../"', 'prefix'],
    ['name: abc, accessKey: x', 'accessKey'],
    ['name: abc, encryption: {type: none}', 'encryption'],
  ])('values that are wrong are refused, by their name: {%s}', (fields, word) => {
    expect(() => render(`evidence: {bucket: {${fields}}}`)).toThrow(new RegExp(word));
  });
});
