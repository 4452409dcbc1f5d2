/** What the kubelet's goroutines did, and where the runtime waits. */
import { goroutineFacts, goroutineId, waitingStack, type GoroutineFacts } from '../facts/goroutines.ts';
import { clipped, html, type Html } from '../html.ts';
import type { ReportInput } from '../report-input.ts';
import { morePrinted, note, printClass, section, table } from './parts.ts';
import { framesList } from './verdict.ts';

const PRINTED_GROUPS = 4;
const MAX_NAME = 160;

export function runtimeSection({ incident, artifacts }: ReportInput): Html {
  const { runtimeStacks } = artifacts;
  const { behind } = incident.status.diagnosis ?? {};
  const title = "The runtime's stack";
  if (runtimeStacks.kind === 'none') return section('runtime', title, note(runtimeStacks.why));
  const stack = waitingStack(runtimeStacks.content, goroutineId(behind));
  if (stack === undefined)
    return section('runtime', title, note(`In ${runtimeStacks.name} no goroutine waits for a lock or a reader.`));
  const of = html`<p class="goroutine">${stack.title}, in ${runtimeStacks.name}</p>`;
  return section('runtime', title, of, framesList(stack.frames));
}

export function goroutinesSection({ incident, artifacts }: ReportInput): Html {
  const { kubeletStacks } = artifacts;
  const title = "The kubelet's goroutines";
  if (kubeletStacks.kind === 'none') return section('goroutines', title, note(kubeletStacks.why));
  const found = goroutineFacts(kubeletStacks.content, goroutineId(incident.status.diagnosis?.blockedGoroutine));
  if (found === undefined)
    return section('goroutines', title, note(`There are no goroutines in ${kubeletStacks.name}.`));
  return section('goroutines', title, summary(found, kubeletStacks.name), groupTable(found));
}

function summary({ goroutines, byState }: GoroutineFacts, name: string): Html {
  const states = byState.map(({ state, count }) => `${String(count)} ${state}`).join(', ');
  return html`<p>${String(goroutines)} in ${name}: ${states}.</p>`;
}

function groupTable({ groups, otherGroups }: GoroutineFacts): Html {
  const rows = groups.map(({ count, state, minutes, top, isBlocked }, i) => {
    const wait = minutes === 0 ? '' : `${String(minutes)} min`;
    const name = top.map((func) => html`<code>${clipped(func, MAX_NAME)}</code>`);
    return html`<tr class="${isBlocked ? 'blocked' : ''} ${printClass(i, PRINTED_GROUPS)}">
      <td class="num">${count}</td>
      <td>${state}</td>
      <td class="num">${wait}</td>
      <td class="calls">${name}</td>
    </tr> `;
  });
  const rest = otherGroups === 0 ? note('') : note(`${String(otherGroups)} more groups are in the dump.`);
  return html`${table(['count', 'state', 'longest', 'calls, innermost first'], rows, 'groups')}
  ${morePrinted(groups.length, PRINTED_GROUPS, 'groups')}${rest}`;
}
