/** A real kube-apiserver and etcd, sized so that the programs are measured and not the seeding. */
import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createCluster } from '../../../../src/kube/cluster.ts';
import type { Clock } from '../../../../src/ports/clock.ts';
import type { Cluster } from '../../../../src/ports/cluster.ts';
import { createRecordingLog } from '../../../support/builders/recording.ts';
import { installCrds } from '../../../support/raw-resource.ts';
import { startControlPlane, type ControlPlane } from '../../../support/control-plane.ts';
import { eventually, realClock, realRandom } from '../../../support/real-time.ts';
import { HEALTHS, INCIDENTS } from '../../../../src/api/resources.ts';

export const NAMESPACE = 'kubelet-medic';

/** Deadlines of calls go by a clock that is six times as slow: who prepares has time. */
const PATIENT: Clock = {
  now: () => realClock.now(),
  monotonic: () => realClock.monotonic(),
  sleep: (ms, signal) => realClock.sleep(ms * 6, signal),
};

export function connectTo(plane: Pick<ControlPlane, 'connection'>, token: string): Cluster {
  const options = { clock: realClock, callClock: PATIENT, random: realRandom, log: createRecordingLog() };
  return createCluster(plane.connection(token), options);
}

/** With the CRDs served, and nothing else installed. */
export async function startFleetPlane(): Promise<ControlPlane> {
  const plane = await startControlPlane(['--max-requests-inflight=2000', '--max-mutating-requests-inflight=1000']);
  try {
    const admin = connectTo(plane, 'admin');
    await installCrds(admin);
    await eventually('the CRDs are served', async () => {
      try {
        await Promise.all([admin.list(HEALTHS), admin.list(INCIDENTS)]);
        return true;
      } catch {
        return false;
      }
    });
    return plane;
  } catch (error) {
    await plane.stop();
    throw error;
  }
}

/** Whom a token is for. `node`: it is bound to that Node, as the one is that a kubelet projects into an agent's pod. */
export interface Bearer {
  readonly account: string;
  readonly accountUID: string;
  readonly node?: { readonly name: string; readonly uid: string };
}

const ISSUER = 'https://kubernetes.default.svc';
const LIFE_S = 86_400;

/** Signs tokens as the API server's own TokenRequest does (RFC 7519, RS256), without asking it thousands of times. */
export function createTokenSigner(keyFile: string): (bearer: Bearer) => string {
  const key: KeyObject = createPrivateKey(readFileSync(keyFile));
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = part({ alg: 'RS256', typ: 'JWT' });
  return ({ account, accountUID, node }) => {
    const now = Math.floor(Date.now() / 1000) - 5;
    const bound = { namespace: NAMESPACE, serviceaccount: { name: account, uid: accountUID }, node };
    const claims = { iss: ISSUER, aud: [ISSUER], iat: now, nbf: now, exp: now + LIFE_S };
    const sub = `system:serviceaccount:${NAMESPACE}:${account}`;
    const text = `${head}.${part({ ...claims, sub, 'kubernetes.io': bound })}`;
    return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
  };
}
