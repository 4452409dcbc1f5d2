/** Each step of a drill and of its recovery, once, when it is over. */
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { oneLine, type Terminal } from '../terminal.ts';
import { timelineOf } from '../show/timeline.ts';

/** @returns tells what is new in the two of them. */
export function createTeller(
  terminal: Terminal,
): (drill: KubeletIncident, recovery: KubeletIncident | undefined) => void {
  const told = new Set<string>();
  return (drill, recovery) => {
    const moments = [drill, ...(recovery === undefined ? [] : [recovery])]
      .flatMap((incident) => timelineOf(incident, [], 0))
      .filter(({ tone }) => tone !== 'open')
      .sort((a, b) => a.at - b.at);
    for (const { at, title, text } of moments) {
      const key = `${String(at)} ${title}`;
      if (told.has(key)) continue;
      told.add(key);
      terminal.note(`${new Date(at).toISOString().slice(11, 19)}  ${oneLine(`${title}  ${text}`)}\n`);
    }
  };
}
