/** Small things that all measurements share. */
import { eventually } from '../../support/real-time.ts';

export type Say = (text: string) => void;

/** Waits for what may not come. @returns whether it has. */
export async function comes(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs: number,
  say: Say,
): Promise<boolean> {
  try {
    await eventually(what, holds, limitMs);
    return true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return false;
  }
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
