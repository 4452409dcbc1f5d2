/** Metrics of the whole fleet, looked at every few seconds by the leader. */
import { decidePolicyStatus } from '../../core/decision/policy/policy-status.ts';
import { fleetFigures } from '../../core/decision/fleet/fleet-figures.ts';
import { NO_OWN_CAUSES } from '../../core/diagnosis/catalogue/own-causes.ts';
import { isOpen } from '../../core/decision/node-state.ts';
import type { AgentContacts } from '../agent-contacts.ts';
import { isBreakerOpen } from '../policy/reconcile-policy.ts';
import { serverNow } from '../server-now.ts';
import type { LocalView } from '../view/local-view.ts';
import type { World } from '../world.ts';

/** Half of the interval at which Prometheus mostly asks. */
const EVERY_MS = 15_000;

interface Parts {
  readonly world: World;
  readonly view: LocalView;
  readonly contacts: AgentContacts;
}

function reportPolicies({ world: { clock, metrics, ownCauses = NO_OWN_CAUSES }, view }: Parts): void {
  const rows = view.policies.list().map((policy) => {
    const { name } = policy.metadata;
    const status = decidePolicyStatus({ now: clock.now(), policy, ownCauses, ...view.policyView(name) });
    return { labels: { policy: name }, status };
  });
  metrics.gauge('policies', rows.length);
  metrics.gauges(
    'budget_left',
    rows.map(({ labels, status }) => ({ labels, value: status.budgetLeft ?? 0 })),
  );
  metrics.gauges(
    'open_incidents',
    rows.map(({ labels, status }) => ({ labels, value: status.openIncidents ?? 0 })),
  );
  metrics.gauges(
    'breaker_open',
    rows.map(({ labels, status }) => ({ labels, value: isBreakerOpen(status) ? 1 : 0 })),
  );
}

function reportFigures({ world, view, contacts }: Parts): void {
  const { metrics } = world;
  const nodes = view.nodes.list().map((node) => {
    const health = view.healths.get(node.metadata.name);
    return { node, health, contact: contacts.of(health), notReadySince: view.notReadySince(node) };
  });
  // Of those that are open, with our own newest writes.
  const incidents = [...view.incidents.list().filter((incident) => !isOpen(incident)), ...view.openIncidents()];
  const figures = fleetFigures({ nodes, incidents, now: serverNow(world) });
  metrics.gauge('nodes', nodes.length);
  metrics.gauges(
    'nodes_with_trouble',
    Object.entries(figures.troubles).map(([trouble, value]) => ({ labels: { trouble }, value })),
  );
  metrics.gauges(
    'unrecovered_nodes',
    [...figures.unrecovered].map(([outcome, value]) => ({ labels: { outcome }, value })),
  );
  metrics.gauges(
    'waiting_incidents',
    figures.waiting.map(({ wait, incidents: value }) => ({ labels: { waits_for: wait }, value })),
  );
  metrics.gauges(
    'oldest_incident_age_seconds',
    figures.waiting.map(({ wait, oldestSeconds: value }) => ({ labels: { waits_for: wait }, value })),
  );
  metrics.gauges(
    'incidents',
    figures.stored.map(({ cause, outcome, incidents: value }) => ({ labels: { cause, outcome }, value })),
  );
}

/** Runs until the signal. */
export async function runFleetReport(parts: Parts, signal: AbortSignal): Promise<void> {
  const { world, view } = parts;
  const { clock, cluster, log, metrics } = world;
  while (!signal.aborted) {
    try {
      metrics.gauge('view_age_seconds', view.ageMs() / 1000);
      metrics.gauge('clock_ahead_seconds', (cluster.clockAheadMs() ?? Number.NaN) / 1000);
      reportPolicies(parts);
      reportFigures(parts);
      metrics.gauge('last_look_timestamp_seconds', serverNow(world) / 1000);
    } catch (err) {
      log.error('The figures of the fleet could not be made; the next are in 15 s', { err });
    }
    await clock.sleep(EVERY_MS, signal).catch(() => undefined);
  }
}
