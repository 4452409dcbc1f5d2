/** What a person says to kubelet-medic beside approve and reject, and what the plugin prints for programs. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { INCIDENTS, NODES } from '../../../src/api/resources.ts';
import type { IncidentStatus } from '../../../src/api/v1alpha1/kinds/incident.ts';
import type { KubeObject, Manifest } from '../../../src/ports/cluster.ts';
import { anIncident, aNode, aPlan, at, type IncidentOptions } from '../../support/builders/objects.ts';
import { startBench, type Bench } from './cli-harness.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(async () => {
  await bench.server.close();
});

function wire(object: KubeObject): Manifest {
  return JSON.parse(JSON.stringify(object)) as Manifest;
}

function seedIncident(options: IncidentOptions = {}): string {
  const incident = anIncident(options);
  bench.server.seed(INCIDENTS, wire(incident));
  return incident.metadata.name;
}

const RECOVERED: IncidentStatus = { outcome: 'Recovered' };

describe('capture', () => {
  beforeEach(() => {
    bench.server.seed(NODES, wire(aNode()));
  });

  test('asked for three times, or by three at once, is one incident while it is open, and another one after', async () => {
    const first = (await bench.run('capture', 'node-a')).out;
    const again = await bench.run('capture', 'node-a', '-o', 'name');
    expect(again).toMatchObject({ code: 0, out: `kubeletincident.kubelet-medic.io/${first}` });
    expect(again.err).toContain('is open already');
    const end = (): void => {
      for (const { metadata } of bench.server.list(INCIDENTS)) {
        const Complete = {
          type: 'Complete',
          status: 'True',
          reason: 'CaptureOnly',
          message: '',
          lastTransitionTime: at(0),
        };
        bench.server.edit(INCIDENTS, { name: metadata.name }, (draft) => {
          Object.assign(draft, { status: { outcome: 'CaptureOnly', conditions: [Complete] } });
        });
      }
    };
    end();
    const together = await Promise.all([1, 2, 3].map(async () => await bench.run('capture', 'node-a')));
    expect(new Set(together.map(({ out }) => out)).size).toBe(1);
    expect(together.every(({ code }) => code === 0)).toBe(true);
    expect(bench.server.list(INCIDENTS)).toHaveLength(2);
    // Within the same second as the one before, too.
    end();
    await bench.run('capture', 'node-a');
    expect(bench.server.list(INCIDENTS)).toHaveLength(3);
  });

  test('beside a fault that is open is an incident of its own', async () => {
    seedIncident();
    await bench.run('capture', 'node-a');
    expect(bench.server.list(INCIDENTS)).toHaveLength(2);
  });
});

describe('cancel', () => {
  const WAITING: IncidentStatus = { state: 'Waiting: budget' };

  test('says no to an incident that waits for its turn', async () => {
    const name = seedIncident({ status: WAITING });
    expect((await bench.run('reject', name, '--reason', 'r')).err).toContain('kubectl medic cancel ends it');
    const { code, out } = await bench.run('cancel', name, '--reason', 'replaced tonight');
    expect({ code, out }).toEqual({ code: 0, out: `${name} cancelled by jane@example.com\n` });
    expect(bench.server.list(INCIDENTS)[0]?.spec.approval).toEqual({
      decision: 'Reject',
      by: 'jane@example.com',
      reason: 'replaced tonight',
    });
    expect((await bench.run('cancel', name)).err).toContain('a decision is made once');
  });

  test.each<[string, IncidentOptions, string]>([
    [
      'has asked for an action',
      {
        status: {
          steps: [{ name: 'act-1', type: 'Act', action: 'RestartRuntime', state: 'Requested', startedAt: at(0) }],
        },
      },
      'has asked for RestartRuntime already',
    ],
    ['is over', { status: RECOVERED }, 'is over: Recovered'],
    ['only captures', { plan: aPlan({ mode: 'Capture' }) }, 'is in mode Capture'],
  ])('is refused where the incident %s', async (_, options, words) => {
    const name = seedIncident(options);
    const { code, err } = await bench.run('cancel', name);
    expect(code).toBe(1);
    expect(err).toContain(words);
    expect(bench.server.list(INCIDENTS)[0]?.spec.approval).toBeUndefined();
  });
});

describe('exclude', () => {
  const read = (): Readonly<Record<string, string>> => bench.server.list(NODES)[0]?.metadata.annotations ?? {};

  test('marks the node under a name, and takes the mark back', async () => {
    bench.server.seed(NODES, wire(aNode({ annotations: { other: 'x' } })));
    const { code, out } = await bench.run('exclude', 'node-a', '--reason', 'firmware');
    expect({ code, out }).toEqual({ code: 0, out: 'node/node-a excluded\n' });
    expect(read()).toEqual({
      other: 'x',
      'kubelet-medic.io/exclude': 'true',
      'kubelet-medic.io/exclude-reason': 'jane@example.com: firmware',
    });
    expect((await bench.run('exclude', 'node-a')).code).toBe(0);
    expect((await bench.run('exclude', 'node-a', '--undo')).out).toBe('node/node-a included again\n');
    expect(read()).toEqual({ other: 'x' });
    expect((await bench.run('exclude', 'node-a', '--undo')).out).toBe('node/node-a was not excluded\n');
  });

  test('takes back the mark of another hand, and marks a node that has no annotations', async () => {
    bench.server.seed(NODES, { metadata: { name: 'node-a' } });
    expect((await bench.run('exclude', 'node-a')).code).toBe(0);
    bench.server.edit(NODES, { name: 'node-a' }, (draft) => {
      Object.assign(draft['metadata'] as object, { annotations: { 'kubelet-medic.io/exclude': 'true' } });
    });
    expect((await bench.run('exclude', 'node-a', '--undo')).code).toBe(0);
    expect(read()).toEqual({});
  });

  test('makes no node, and says whose right is missing', async () => {
    expect((await bench.run('exclude', 'nope')).err).toBe('error: there is no node nope\n');
    expect(bench.server.list(NODES)).toHaveLength(0);
    bench.server.seed(NODES, wire(aNode()));
    bench.server.deny(({ verb }) => verb === 'patch');
    const { code, err } = await bench.run('exclude', 'node-a');
    expect(code).toBe(1);
    expect(err).toContain('you may not patch the node node-a');
  });
});

describe('what is printed for programs', () => {
  test('is a name a line, and has no managedFields unless they are asked for', async () => {
    const name = seedIncident({ status: RECOVERED });
    bench.server.edit(INCIDENTS, { name }, () => undefined, 'somebody');
    for (const argv of [['history'], ['show', name]]) {
      expect((await bench.run(...argv, '-o', 'name')).out).toBe(`kubeletincident.kubelet-medic.io/${name}\n`);
      expect((await bench.run(...argv, '-o', 'yaml')).out).not.toContain('managedFields');
      expect((await bench.run(...argv, '-o', 'json')).out).not.toContain('managedFields');
      expect((await bench.run(...argv, '-o', 'yaml', '--show-managed-fields')).out).toContain('managedFields');
    }
  });
});
