/** The head: what happened, in five seconds. */
import { stateText } from '../../state-text.ts';
import { endingOf, figuresOf, storyOf } from '../facts/story.ts';
import { firstSignAt } from '../facts/moments.ts';
import { html, NOTHING, type Html } from '../html.ts';
import type { ReportInput } from '../report-input.ts';
import { fromTime } from '../../../core/time/timestamp.ts';
import { timeOf } from './parts.ts';

export function header({ incident, now, version }: ReportInput): Html {
  const { metadata, spec, status } = incident;
  const ending = endingOf(incident);
  const firstSign = firstSignAt(incident) ?? fromTime(spec.trigger.at);
  const drill = spec.drill === undefined ? NOTHING : html` <span class="badge drill">drill</span>`;
  return html`<header>
    <p class="kicker">kubelet-medic incident report <span class="times">all times UTC (+00:00)</span></p>
    <h1>
      <span class="badge ${ending}">${stateText(status)}</span>${drill} <span class="node">${spec.nodeName}</span>
    </h1>
    <p class="story">${storyOf(incident)}</p>
    <dl class="figures">
      ${figuresOf(incident).map(
        ({ name, value }) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    <p class="note">
      Incident <b>${metadata.name}</b>, opened ${timeOf(fromTime(metadata.creationTimestamp))}, first sign
      ${timeOf(firstSign)}. Report made ${timeOf(now)} by kubectl medic ${version}.
    </p>
  </header> `;
}
