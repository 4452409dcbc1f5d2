/** Lines of the kubelet's log around the one that told of the trouble. Pure. */
import { gunzipSync } from 'node:zlib';
import type { LogClue } from '../../../api/v1alpha1/parts/host-summary.ts';
import type { Trigger } from '../../../api/v1alpha1/kinds/incident.ts';
import { parseKubeletRecord } from '../../../core/detection/kubelet-record.ts';

/** What is read of a log, in bytes; of a longer one its end. The agent saves 8 MiB at most. */
const MAX_LOG = 32 * 1_048_576;
const BEFORE = 24;
const AFTER = 15;

export interface LogLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** `breach`: the kubelet says that PLEG is unhealthy; `clue`: the diagnosis cites it. */
  readonly mark: 'breach' | 'clue' | undefined;
}

export interface LogWindow {
  readonly lines: readonly LogLine[];
  /** Of the whole log. */
  readonly total: number;
  /** Line that the window is around. */
  readonly around: number;
  /** The line of the trigger itself was found; else it is another breach, or the end of the log. */
  readonly found: 'trigger' | 'breach' | 'clue' | 'end';
}

/** @returns undefined: the log is empty. */
export function logWindow(
  content: Buffer,
  { trigger, clues }: { readonly trigger: Trigger; readonly clues: readonly LogClue[] },
): LogWindow | undefined {
  const texts = textOf(content)
    .replace(/\r?\n$/, '')
    .split(/\r?\n/);
  if (texts.length === 1 && texts[0] === '') return undefined;
  const breaches = texts.flatMap((text, index) => (isBreach(text) ? [index] : []));
  const cited = new Set(clues.map(({ lineNumber }) => lineNumber - 1).filter((index) => index < texts.length));
  const { found, index } = middleOf(texts, { breaches, cited, elapsed: trigger.elapsed });
  const from = Math.max(0, Math.min(index - BEFORE, texts.length - BEFORE - AFTER - 1));
  const isBreachAt = new Set(breaches);
  const lines = texts.slice(from, from + BEFORE + AFTER + 1).map((text, i) => {
    const mark = isBreachAt.has(from + i) ? 'breach' : cited.has(from + i) ? 'clue' : undefined;
    return { number: from + i + 1, text, mark } as const;
  });
  return { lines, total: texts.length, around: index + 1, found };
}

interface Marks {
  readonly breaches: readonly number[];
  readonly cited: ReadonlySet<number>;
  readonly elapsed: string | undefined;
}

function middleOf(
  texts: readonly string[],
  { breaches, cited, elapsed }: Marks,
): { readonly found: LogWindow['found']; readonly index: number } {
  const own = elapsed === undefined ? undefined : breaches.find((index) => texts[index]?.includes(elapsed));
  if (own !== undefined) return { found: 'trigger', index: own };
  if (breaches[0] !== undefined) return { found: 'breach', index: breaches[0] };
  if (cited.size > 0) return { found: 'clue', index: Math.max(...cited) };
  return { found: 'end', index: texts.length - 1 };
}

function isBreach(text: string): boolean {
  if (!text.includes('PLEG')) return false;
  const { kind } = parseKubeletRecord(text);
  return kind === 'breach' || kind === 'never-relisted' || kind === 'evented-full';
}

/** gzip begins with 1f 8b (RFC 1952). What cannot be unpacked is read as it is. */
function textOf(content: Buffer): string {
  if (content[0] !== 0x1f || content[1] !== 0x8b) return content.subarray(-MAX_LOG).toString('utf8');
  try {
    return gunzipSync(content, { maxOutputLength: 2 * MAX_LOG })
      .subarray(-MAX_LOG)
      .toString('utf8');
  } catch {
    return '';
  }
}
