/** The reference pages of metrics, events and error codes. */
import { ERROR_CODES } from '../../src/api/v1alpha1/words/error-codes.ts';
import { EVENT_REASONS } from '../../src/api/v1alpha1/words/event-reasons.ts';
import { METRICS } from '../../src/api/v1alpha1/words/metrics.ts';
import { TROUBLES } from '../../src/core/decision/fleet/troubles.ts';
import { WAITS } from '../../src/core/decision/fleet/waits.ts';
import { table } from './reference.ts';

/** docs/reference/observability.md. */
export function observabilityReference(): string {
  const metrics = Object.entries(METRICS).map(([name, { by, type, labels, help }]) => [
    `\`kubelet_medic_${name}\``,
    by === 'both' ? 'controller, agent' : by,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  return [
    '# Metrics, events, error codes',
    `## Metrics\n\nEach program serves them at \`/metrics\`. No label is a node's name: KubeletHealth has what is of one node.\n\n${table(
      ['Metric', 'Of', 'Type', 'Labels', 'Meaning'],
      metrics,
    )}`,
    `Values of the label \`trouble\`:\n\n${table(
      ['Trouble', 'Nodes that'],
      Object.entries(TROUBLES).map(([name, { meaning }]) => [`\`${name}\``, meaning]),
    )}`,
    `Values of the label \`waits_for\`, what open incidents wait for:\n\n${table(
      ['Value', 'Meaning'],
      Object.entries(WAITS).map(([name, { meaning }]) => [`\`${name}\``, meaning]),
    )}`,
    `## Events\n\nOn the Node and on the KubeletIncident, which are both cluster-scoped, so the events are in the namespace \`default\`. An incident that opens has its trigger as the reason, one that is complete its outcome.\n\n${table(
      ['Reason', 'Meaning'],
      pairs(EVENT_REASONS),
    )}`,
    `## Error codes\n\nIn logs (\`err.code\`) and in messages of conditions.\n\n${table(['Code', 'Meaning'], pairs(ERROR_CODES))}`,
  ].join('\n\n');
}

function pairs(meanings: Readonly<Record<string, string>>): readonly (readonly string[])[] {
  return Object.entries(meanings).map(([word, meaning]) => [`\`${word}\``, meaning]);
}
