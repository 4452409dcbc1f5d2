/**
 * What medik8s' NodeHealthCheck operator does of a node, in its order, with its names, annotations and lease. Its Go module cannot be
 * had here, so that it is played. After its source (github.com/medik8s/node-healthcheck-operator, module v5):
 * - `internal/controller/nodehealthcheck_controller.go` (1cf0d07): `remediate`, `remediationFailed`, `addTimeOutAnnotation`;
 * - `internal/controller/resources/manager.go` (2cffa66): `generateRemediationCR`, `CreateRemediationCR`, `HandleHealthyNode`;
 * - `internal/controller/resources/lease.go` (e622203): `ObtainNodeLease`, `ManageLease`, `InvalidateLease`.
 */
import { LEASES, NODES, REMEDIATIONS } from '../../src/api/resources.ts';
import type { KubeletRemediation } from '../../src/api/v1alpha1/kinds/remediation.ts';
import { findCondition } from '../../src/core/decision/record/conditions-and-steps.ts';
import { toMicroTime } from '../../src/core/time/timestamp.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Cluster } from '../../src/ports/cluster.ts';

export interface HealthCheckOptions {
  readonly cluster: Cluster;
  readonly clock: Pick<Clock, 'now'>;
  readonly node: string;
  /** Of the template, and so of its requests. */
  readonly namespace?: string;
  readonly spec?: object;
  /** How long a node may be not Ready, and how long each remediator has, in milliseconds. */
  readonly unhealthyMs?: number;
  readonly timeoutMs?: number;
  /** The template says that several of its kind are supported: names are generated. */
  readonly multipleTemplates?: boolean;
}

/** The step of `escalatingRemediations` that a node has come to. `ours` is the first, `next` whoever fences. */
type Stage = 'none' | 'ours' | 'next';

export interface HealthCheck {
  /** One reconciliation. */
  reconcile(): Promise<void>;
  stage(): Stage;
  /** When the next remediator was called, on the clock in milliseconds; undefined: it was not. */
  nextAt(): number | undefined;
  request(): Promise<KubeletRemediation | undefined>;
}

const NAME = 'workers';
const HOLDER = `NodeHealthCheck-${NAME}`;
const OWNER = { apiVersion: 'remediation.medik8s.io/v1alpha1', kind: 'NodeHealthCheck', name: NAME, uid: 'nhc-uid' };
const MANAGER = { manager: 'node-healthcheck-operator' };
/** `LeaseBuffer`, and `RequeueIfLeaseTaken`. */
const LEASE_BUFFER_MS = 60_000;

export function createHealthCheck(options: HealthCheckOptions): HealthCheck {
  const { cluster, clock, node, namespace = 'default', spec = {} } = options;
  const { unhealthyMs = 60_000, timeoutMs = 600_000, multipleTemplates = false } = options;
  const lease = { name: `node-${node}`, namespace: 'medik8s-leases' };
  let started: number | undefined;
  let timedOut: number | undefined;
  let nextAt: number | undefined;
  let leaseRetryAt = 0;

  async function request(): Promise<KubeletRemediation | undefined> {
    const { items } = await cluster.list(REMEDIATIONS, { namespace });
    return items.find(
      ({ metadata }) =>
        metadata.annotations['remediation.medik8s.io/node-name'] === node &&
        metadata.ownerReferences.some(({ kind, name }) => kind === OWNER.kind && name === OWNER.name),
    );
  }

  async function isHeldByOther(): Promise<boolean> {
    const known = await cluster.get(LEASES, lease);
    const { holderIdentity = '', leaseDurationSeconds = 0, renewTime = '' } = known?.spec ?? {};
    return holderIdentity !== HOLDER && Date.parse(renewTime) + leaseDurationSeconds * 1000 > clock.now();
  }

  async function hold(forMs: number): Promise<void> {
    const now = toMicroTime(clock.now());
    const held = { holderIdentity: HOLDER, leaseDurationSeconds: forMs / 1000, acquireTime: now, renewTime: now };
    await cluster.apply(
      LEASES,
      { apiVersion: LEASES.apiVersion, kind: LEASES.kind, metadata: lease, spec: held },
      { ...MANAGER, force: true },
    );
  }

  async function create(): Promise<void> {
    if (clock.now() < leaseRetryAt) return;
    if (await isHeldByOther()) {
      leaseRetryAt = clock.now() + LEASE_BUFFER_MS;
      return;
    }
    await hold(timeoutMs + LEASE_BUFFER_MS);
    const name = multipleTemplates ? { generateName: `${node}-` } : { name: node };
    const annotations = {
      'remediation.medik8s.io/node-name': node,
      'remediation.medik8s.io/template-name': 'kubelet-first',
    };
    const labels = { 'app.kubernetes.io/part-of': 'node-healthcheck-controller' };
    const { apiVersion, kind } = REMEDIATIONS;
    const metadata = { ...name, namespace, annotations, labels, ownerReferences: [OWNER] };
    await cluster.create(REMEDIATIONS, { apiVersion, kind, metadata, spec }, MANAGER);
    started = clock.now();
  }

  async function goOn(known: KubeletRemediation): Promise<void> {
    const succeeded = findCondition(known.status.conditions, 'Succeeded')?.status;
    const isLate = clock.now() > (started ?? clock.now()) + timeoutMs;
    if (!isLate && succeeded !== 'False') return;
    if (succeeded !== 'True') {
      const value = new Date(clock.now()).toISOString();
      const path = '/metadata/annotations/remediation.medik8s.io~1nhc-timed-out';
      const { name } = known.metadata;
      await cluster.jsonPatch(REMEDIATIONS, { name, namespace }, [{ op: 'add', path, value }], MANAGER);
    }
    timedOut = clock.now();
  }

  async function remediate(): Promise<void> {
    const known = await request();
    if (timedOut !== undefined) {
      // The next remediator's own request: the lease is held for it as it was for us.
      await hold(timeoutMs + LEASE_BUFFER_MS);
      nextAt ??= clock.now();
    } else if (known === undefined) await create();
    else await goOn(known);
  }

  async function handleHealthy(): Promise<void> {
    const known = await request();
    if (known !== undefined) {
      const { name } = known.metadata;
      await cluster.delete(REMEDIATIONS, { name, namespace });
      return;
    }
    if ((await cluster.get(LEASES, lease))?.spec.holderIdentity === HOLDER) await cluster.delete(LEASES, lease);
    [started, timedOut] = [undefined, undefined];
  }

  return {
    async reconcile() {
      const known = await cluster.get(NODES, { name: node });
      const ready = known?.status.conditions.find(({ type }) => type === 'Ready');
      if (ready === undefined || ready.status === 'True') return handleHealthy();
      if (clock.now() > Date.parse(ready.lastTransitionTime) + unhealthyMs) await remediate();
    },
    stage: () => (nextAt !== undefined ? 'next' : started !== undefined ? 'ours' : 'none'),
    nextAt: () => nextAt,
    request,
  };
}
