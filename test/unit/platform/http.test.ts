import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { serve, type Served, type ServeOptions } from '../../../src/platform/http.ts';
import { SERVER_BOUNDS } from '../../../src/platform/bounded-server.ts';
import { createMetrics } from '../../../src/platform/metrics.ts';

const open: Served[] = [];

async function served(options: Partial<ServeOptions> = {}): Promise<string> {
  const metrics = options.metrics ?? createMetrics('controller');
  const it = await serve({ address: '127.0.0.1:0', health: {}, ready: {}, ...options, metrics });
  open.push(it);
  return `http://127.0.0.1:${it.port}`;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((it) => it.close()));
});

describe('the probes', () => {
  test('name each check, with the reason of one that fails', async () => {
    const url = await served({ ready: { leader: () => undefined, mirror: () => 'not synced yet' } });
    const answer = await fetch(`${url}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toBe('[+]leader ok\n[-]mirror: not synced yet\nnot ok\n');
  });

  test('are well where all checks are', async () => {
    const url = await served({ health: { watch: () => undefined } });
    const answer = await fetch(`${url}/healthz`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('[+]watch ok\nok\n');
  });

  test('fail, and do not end the program, where a check throws', async () => {
    const url = await served({
      health: {
        broken: () => {
          throw new Error('a bug');
        },
        well: () => undefined,
      },
    });
    const answer = await fetch(`${url}/healthz`);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('[-]broken: a bug');
  });

  test('there is nothing else', async () => {
    expect((await fetch(`${await served()}/debug`)).status).toBe(404);
    expect((await fetch(`${await served()}/healthz`, { method: 'POST' })).status).toBe(405);
  });
});

describe('the metrics', () => {
  test('are served as Prometheus reads them, those of the program and no others', async () => {
    const metrics = createMetrics('controller');
    metrics.count('incidents_opened_total', { trigger: 'Manual' });
    metrics.gauge('leader', 1);
    metrics.observe('recovery_seconds', 4);
    const answer = await fetch(`${await served({ metrics })}/metrics`);
    expect(answer.headers.get('content-type')).toContain('text/plain');
    const text = await answer.text();
    expect(text).toContain('kubelet_medic_incidents_opened_total{trigger="Manual"} 1');
    expect(text).toContain('kubelet_medic_leader 1');
    expect(text).toContain('kubelet_medic_recovery_seconds_bucket{le="5"} 1');
    expect(text).toMatch(/process_resident_memory_bytes \d{7,}/);
    expect(text).not.toContain('cri_probe');
  });

  test('an unknown name, a name of another type and an unknown label are bugs, to the compiler too', () => {
    const metrics = createMetrics('agent');
    expect(() => {
      // @ts-expect-error there is no such metric
      metrics.count('no_such_total');
    }).toThrow('no_such_total');
    expect(() => {
      // @ts-expect-error it is a counter
      metrics.gauge('health_writes_total', 1);
    }).toThrow('health_writes_total');
    expect(() => {
      // @ts-expect-error its label is the state
      metrics.count('cri_probes_total', { node: 'node-a' });
    }).toThrow('node');
  });

  test('a metric of the other program is a bug', () => {
    expect(() => {
      createMetrics('agent').gauge('leader', 1);
    }).toThrow('leader');
  });
});

/** H5: 300 connections with pipelined requests ended both programs. */
describe('whoever floods the port', () => {
  const REQUEST = 'GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n';

  /** Everything that the server sends on a connection, until it ends it. */
  async function flood(port: number, bytes: string, localAddress = '127.0.0.1'): Promise<string> {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.write(bytes);
    await new Promise((resolve) => socket.once('close', resolve));
    return text;
  }

  async function counted(): Promise<{ readonly port: number; readonly written: () => number }> {
    const metrics = createMetrics('agent');
    let written = 0;
    const text: typeof metrics.text = async () => {
      written += 1;
      return await metrics.text();
    };
    const url = await served({ metrics: { ...metrics, text } });
    return { port: Number(new URL(url).port), written: () => written };
  }

  test('with pipelined requests gets one answer a connection at most, and few connections', async () => {
    const { port, written } = await counted();
    const answers = await Promise.all(Array.from({ length: 100 }, () => flood(port, REQUEST.repeat(500))));
    const each = answers.map((text) => text.split('HTTP/1.1 200').length - 1);
    expect(Math.max(...each)).toBeLessThanOrEqual(1);
    expect(each.filter((count) => count > 0).length).toBeLessThanOrEqual(2 * SERVER_BOUNDS.perSecondOfAddress);
    expect(written()).toBeLessThanOrEqual(10);
  });

  test('keeps nobody else out', async () => {
    const { port } = await counted();
    const idle = Array.from({ length: 100 }, () => flood(port, 'GET /', '127.0.0.1'));
    expect(await flood(port, REQUEST, '127.0.0.2')).toMatch(/^HTTP\/1.1 200 OK/);
    await Promise.all(idle);
  });

  test('with headers without an end is cut off', async () => {
    const { port, written } = await counted();
    const text = await flood(port, `GET /metrics HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(SERVER_BOUNDS.headerBytes)}`);
    expect(text).toMatch(/^HTTP\/1.1 431 /);
    expect(written()).toBe(0);
  });
});

describe('the address', () => {
  test.each(['nonsense', '127.0.0.1:', ':x', ':70000', ':-1'])('%j is refused', async (address) => {
    const options = { address, health: {}, ready: {}, metrics: createMetrics('agent') };
    await expect(serve(options)).rejects.toMatchObject({ code: 'E_HTTP_LISTEN', class: 'invalid' });
  });

  test('one that is taken says so', async () => {
    const port = new URL(await served()).port;
    const options = { address: `127.0.0.1:${port}`, health: {}, ready: {}, metrics: createMetrics('agent') };
    await expect(serve(options)).rejects.toThrow(`cannot listen on 127.0.0.1:${port}`);
  });
});
