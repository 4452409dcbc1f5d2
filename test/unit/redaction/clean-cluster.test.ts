import { describe, expect, test } from '@jest/globals';
import { EVIDENCES, INCIDENTS } from '../../../src/api/resources.ts';
import type { Cluster, Manifest } from '../../../src/ports/cluster.ts';
import { cleanCluster } from '../../../src/stores/clean-cluster.ts';
import { PASSWORD } from './planted.ts';

/** What a cluster is sent. */
function sentBy(write: (cluster: Cluster) => Promise<unknown>): Promise<unknown[]> {
  const sent: unknown[] = [];
  const note = (_resource: unknown, object: unknown, third: unknown): Promise<never> => {
    sent.push(Array.isArray(third) ? third : object);
    return Promise.resolve(undefined as never);
  };
  const names = ['create', 'replace', 'apply', 'jsonPatch'].map((name) => [name, note]);
  return write(cleanCluster(Object.fromEntries(names) as Cluster)).then(() => sent);
}

describe('what agent and controller write', () => {
  const message = `the CRI said: password=${PASSWORD}; and so on`;
  const object: Manifest = {
    metadata: { name: 'a' },
    status: { steps: [{ message }], host: { logClues: [{ line: message }] } },
  };
  const how = { manager: 'test' };

  test.each(['create', 'replace', 'apply'] as const)('%s sends no secret in any text', async (verb) => {
    const sent = await sentBy((cluster) => cluster[verb](INCIDENTS, object, how));
    expect(JSON.stringify(sent)).not.toContain(PASSWORD);
    expect(JSON.stringify(sent)).toContain('and so');
  });

  test('a patch sends none either', async () => {
    const patch = [{ op: 'add', path: '/status/message', value: { message } }] as const;
    const sent = await sentBy((cluster) => cluster.jsonPatch(INCIDENTS, { name: 'a' }, patch, how));
    expect(JSON.stringify(sent)).not.toContain(PASSWORD);
  });

  test('a text never grows, since the schemas bound its length', async () => {
    const [sent] = await sentBy((cluster) =>
      cluster.apply(INCIDENTS, { metadata: {}, status: { message: 'pwd=a' } }, how),
    );
    expect(sent).toEqual({ metadata: {}, status: { message: 'pwd=[' } });
  });

  test('bytes of evidence and names stay as they are', async () => {
    const data = Buffer.from('kJ8vQz2mX9pL4wT7nR1yB6sD3fG5hC0aV8eU2iO9').toString('base64');
    const evidence = { metadata: { name: 'kJ8vQz2mX9pL4wT7nR1yB6sD3fG5hC0a' }, spec: { data, entry: { message } } };
    const [sent] = await sentBy((cluster) => cluster.create(EVIDENCES, evidence, how));
    expect(sent).toMatchObject({ metadata: evidence.metadata, spec: { data } });
    expect(JSON.stringify(sent)).not.toContain(PASSWORD);
  });
});
