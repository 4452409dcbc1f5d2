/** Durations on the command line, as Go writes them. */
import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../core/time/duration.ts';

/** Milliseconds. */
export function durationFlag(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError('It must be a duration such as 90s or 5m.');
  return ms;
}
