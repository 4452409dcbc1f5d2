/** What is read of a report's input. Pure. */
import type { ReportInput } from './report-input.ts';

/** Items of one list. */
const MAX_ITEMS = 256;

/** The same, with each text, and each list, cut. @param longest characters of a text. */
export function boundedInput(input: ReportInput, longest: number): ReportInput {
  const { incident, events, artifacts } = input;
  const all = cut({ incident, events, artifacts }, longest) as Pick<ReportInput, 'incident' | 'events' | 'artifacts'>;
  return { ...input, ...all };
}

function cut(value: unknown, longest: number): unknown {
  if (typeof value === 'string') return value.slice(0, longest);
  if (Buffer.isBuffer(value)) return value;
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((one) => cut(one, longest));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, cut(one, longest)]));
}
