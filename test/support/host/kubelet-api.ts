/** What a simulated kubelet answers on its port 10250, as the API server's node proxy passes it on. */
import type { Clock } from '../../../src/ports/clock.ts';
import { TIMES } from './scenario.ts';

/** Texts of a stuck and of a healthy kubelet of one version, as real ones gave them. */
export interface Dumps {
  readonly stuck: { readonly debug1: string; readonly debug2: string };
  readonly healthy: { readonly debug1: string; readonly debug2: string };
}

interface KubeletAnswer {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
}

export interface KubeletApiWorld {
  readonly clock: Clock;
  readonly dumps: Dumps;
  readonly version: string;
  readonly isRunning: () => boolean;
  /** How long the last relist is ago; undefined: none yet. */
  readonly relistAgeMs: () => number | undefined;
  readonly isStuck: () => boolean;
  /** Whether collectors of metrics wait for the CRI. */
  readonly waitsForRuntime: () => boolean;
}

export type KubeletApi = (path: string) => Promise<KubeletAnswer>;

export function createKubeletApi(world: KubeletApiWorld): KubeletApi {
  const { clock, dumps } = world;

  function goroutines(debug: string): KubeletAnswer {
    const texts = world.isStuck() ? dumps.stuck : dumps.healthy;
    return { status: 200, body: debug === '1' ? texts.debug1 : texts.debug2 };
  }

  function healthz(): KubeletAnswer {
    const age = world.relistAgeMs() ?? 0;
    const failed = world.isStuck() && age > TIMES.threshold + TIMES.healthzFailsAfter;
    const syncloop = failed ? '[-]syncloop failed: reason withheld' : '[+]syncloop ok';
    const end = failed ? 'healthz check failed' : 'healthz check passed';
    return { status: failed ? 500 : 200, body: `[+]ping ok\n[+]log ok\n${syncloop}\n${end}\n` };
  }

  async function metrics(): Promise<KubeletAnswer> {
    const never = new AbortController().signal;
    const startedAt = clock.monotonic();
    while (world.waitsForRuntime() && clock.monotonic() - startedAt < TIMES.criCallLimit) {
      await clock.sleep(1_000, never);
    }
    const lastSeen = (clock.now() - (world.relistAgeMs() ?? 0)) / 1000;
    const body = `# TYPE kubelet_pleg_last_seen_seconds gauge\nkubelet_pleg_last_seen_seconds ${String(lastSeen)}\n`;
    return { status: 200, body };
  }

  function configz(): KubeletAnswer {
    const kubeletconfig = {
      kind: 'KubeletConfiguration',
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      nodeStatusUpdateFrequency: '10s',
      runtimeRequestTimeout: '2m0s',
      containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    };
    return { status: 200, body: JSON.stringify({ kubeletconfig }), contentType: 'application/json' };
  }

  return async (path) => {
    if (!world.isRunning()) {
      return { status: 503, body: 'dial tcp 127.0.0.1:10250: connect: connection refused' };
    }
    const url = new URL(path, 'https://kubelet');
    switch (url.pathname) {
      case '/debug/pprof/goroutine':
        return goroutines(url.searchParams.get('debug') ?? '0');
      case '/healthz':
        return healthz();
      case '/metrics':
        return await metrics();
      case '/configz':
        return configz();
      default:
        return { status: 404, body: '404 page not found\n' };
    }
  };
}
