/** The chart of the CRDs with a real helm on a real API server: it upgrades them, leaves them, and takes over what is there. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCluster } from '../../../src/kube/cluster.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { createRecordingLog } from '../../support/builders/recording.ts';
import { startHelm, type Helm } from '../../support/helm.ts';
import { eventually, realClock, realRandom } from '../../support/real-time.ts';
import { retryDeletions } from '../../support/terminating-crds.ts';

const path = (relative: string): string => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
const CRDS = path('charts/kubelet-medic-crds');
const MAIN = path('charts/kubelet-medic');
const NAMESPACE = 'kubelet-medic';
const INCIDENTS = 'kubeletincidents.kubelet-medic.io';

let helm: Helm;
let admin: Cluster;

beforeAll(async () => {
  helm = await startHelm();
  const options = { clock: realClock, random: realRandom, log: createRecordingLog() };
  admin = createCluster(helm.plane.connection('admin'), options);
}, 900_000);

afterAll(async () => {
  await helm.stop();
});

function done(...argv: readonly string[]): string {
  const { status, output } = helm.helm(...argv, '-n', NAMESPACE);
  if (status !== 0) throw new Error(output);
  return output;
}

/** The chart as an older release had it: incidents without one of their columns. */
function olderChart(): string {
  const folder = join(helm.folder, 'older');
  cpSync(CRDS, folder, { recursive: true });
  const file = join(folder, 'templates/kubeletincidents.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/ +- name: Fingerprint\n(?: {10}.*\n)+/, ''));
  return folder;
}

const columns = (): string =>
  helm.kubectl('get', 'crd', INCIDENTS, '-o', 'jsonpath={.spec.versions[0].additionalPrinterColumns[*].name}').output;

test('the chart of the programs is installed beside it, and an upgrade of it is one of the CRDs', () => {
  done('install', 'crds', olderChart(), '--create-namespace');
  done('install', 'kubelet-medic', MAIN, '--skip-crds');
  expect(columns()).not.toContain('Fingerprint');
  done('upgrade', 'crds', CRDS);
  expect(columns()).toContain('Fingerprint');
  expect(helm.kubectl('get', 'krp', 'default', '-o', 'name').status).toBe(0);
}, 120_000);

test('what it has installed stays when it goes, and helm says so; another release takes it over', () => {
  const uninstalled = done('uninstall', 'crds');
  expect(uninstalled).toContain('kept due to the resource policy');
  expect(uninstalled).toContain(INCIDENTS);
  expect(helm.kubectl('get', 'krp', 'default', '-o', 'name').status).toBe(0);
  expect(helm.helm('install', 'again', CRDS, '-n', NAMESPACE).status).not.toBe(0);
  done('install', 'again', CRDS, '--take-ownership');
  expect(columns()).toContain('Fingerprint');
}, 120_000);

test('it takes over what the chart of the programs or kubectl has installed', async () => {
  done('uninstall', 'again');
  const crds = (): string => helm.kubectl('get', 'crd', '-o', 'name').output.trim();
  for (const crd of crds().split('\n')) helm.kubectl('delete', crd, '--wait=false');
  await eventually('the CRDs have gone', async () => {
    await retryDeletions(admin);
    return crds() === '';
  });
  const applied = helm.kubectl('apply', '--server-side', '-f', join(MAIN, 'crds'));
  expect(applied.status).toBe(0);
  done('install', 'crds', olderChart(), '--take-ownership', '--force-conflicts');
  done('upgrade', 'crds', CRDS);
  expect(columns()).toContain('Fingerprint');
}, 120_000);

test('a value is refused, and what helm renders is what the generator has written', () => {
  expect(helm.helm('template', 'x', CRDS, '--set', 'keep=false').output).toContain("'keep' not allowed");
  const rendered = join(helm.folder, 'rendered.yaml');
  writeFileSync(rendered, helm.helm('template', 'x', CRDS).output);
  const diff = spawnSync(join(helm.binaries, 'kubectl'), ['diff', '-f', rendered], { env: helm.env, encoding: 'utf8' });
  // The annotations and the label of the release aside, the cluster has what is rendered.
  expect(diff.stdout.split('\n').filter((line) => /^[+-] {4}/.test(line))).toEqual([]);
});
