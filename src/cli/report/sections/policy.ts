/** The policy as it stood, and what a drill promises. */
import { html, NOTHING, type Html } from '../html.ts';
import type { ReportInput } from '../report-input.ts';
import { facts, section, table } from './parts.ts';

export function policySection({ incident }: ReportInput): Html {
  const { policy, policyGeneration, mode, strategy, evidence, remediation, budget } = incident.spec.plan;
  const yes = (is: boolean): string => (is ? 'yes' : 'no');
  return section(
    'policy',
    'The policy as it stood',
    facts([
      ['Policy', `${policy}, generation ${String(policyGeneration)}`],
      ['Mode', `${mode}, ${strategy}`],
      [
        'Evidence',
        `${evidence.gate}, within ${evidence.deadline}, ${String(evidence.dumps)} dumps, log of ${evidence.logWindow}, redacted: ${yes(evidence.redact)}`,
      ],
      ['Allowed', remediation.allowedActions.length === 0 ? 'nothing' : remediation.allowedActions.join(', ')],
      ['Cordons', `${yes(remediation.cordon)}; uncordons: ${yes(remediation.uncordon)}`],
      ['Verified by', `Ready within ${remediation.verify.timeout}, for ${remediation.verify.stableFor}`],
      [
        'Budget',
        `${String(budget.maxConcurrent)} at once, none while more than ${String(budget.maxUnhealthy)} are unhealthy, ${String(budget.perNode.attempts)} a node in ${budget.perNode.within}, ${budget.cooldown} between two`,
      ],
      ['Control plane', budget.controlPlane],
    ]),
  );
}

export function drillSection({ incident }: ReportInput): Html {
  const { drill } = incident.spec;
  if (drill === undefined) return NOTHING;
  const { incident: opened, undoneBy, times = [] } = incident.status.drill ?? {};
  const rows = times.map(
    ({ what, took, limit }) =>
      html`<tr>
        <th scope="row">${what}</th>
        <td class="num">${took ?? 'did not come'}</td>
        <td class="num">${limit}</td>
      </tr> `,
  );
  const parts = table(['part', 'took', 'may take'], rows, 'narrow');
  const body = facts([
    ['Fault', `${drill.fault} for ${drill.lastsFor}${drill.dryRun === true ? ', a dry run' : ''}`],
    ['Its incident', opened],
    ['Undone by', undoneBy],
  ]);
  return section('drill', 'The drill', body, times.length === 0 ? NOTHING : parts);
}
