/** Stacks of a dump as they are read: identical ones are kept once. */
import type { Dump, DumpFormat, Frame, StackGroup } from './goroutine.ts';
import { processOf, versionOf } from './process-kind.ts';

/** Bounds: what a kubelet with 100,000 goroutines needs, many times over; beyond them goroutines are counted only. */
const MAX_GROUPS = 20_000;
const MAX_IDS = 500_000;
const MAX_FRAMES = 128;
/** Frames of which arguments are kept: a gRPC call's stream is among them. */
const MAX_ARGS = 12;
const MAX_TEXT = 1_024;

/** A goroutine that is being read. */
export interface Draft {
  readonly id: number | undefined;
  readonly state: string | undefined;
  readonly minutes: number;
  readonly count: number;
  readonly atLine: number;
  readonly frames: Frame[];
  readonly args: string[];
  createdBy: string;
}

export interface Group extends StackGroup {
  count: number;
  minutes: number;
  readonly ids: number[];
}

export interface GroupTable {
  /** @returns undefined: it was there already (a crash prints goroutines once for each thread), or is beyond the bounds. */
  add(draft: Draft): Group | undefined;
  /** One more goroutine of a known group. */
  join(group: Group, id: number, minutes: number): void;
  readonly goroutines: number;
  readonly beyondBounds: number;
  dump(format: DumpFormat, unreadLines: number, earlier: readonly Dump[]): Dump;
}

export function addFrame(draft: Draft, frame: Frame, args: string): void {
  if (draft.frames.length >= MAX_FRAMES) return;
  draft.frames.push(frame);
  if (draft.frames.length <= MAX_ARGS) draft.args.push(args.slice(0, MAX_TEXT));
}

/** Frames of the runtime above the first other frame only say how it waits, which the state says too. */
function firstOfProgram(frames: readonly Frame[]): number {
  const first = frames.findIndex(({ func }) => !func.startsWith('runtime.') && !func.startsWith('internal/runtime/'));
  return Math.max(0, first);
}

export function createGroupTable(): GroupTable {
  const groups = new Map<string, Group>();
  const interned = new Map<string, Frame>();
  const seen = new Set<number>();
  let goroutines = 0;
  let beyondBounds = 0;
  let idCount = 0;

  function intern(frame: Frame): Frame {
    const key = `${frame.func} ${frame.file}:${frame.line}`;
    const known = interned.get(key);
    if (known !== undefined) return known;
    // Cut copies: a slice would keep the whole text that it was cut from in memory.
    const own = { func: frame.func.slice(0, MAX_TEXT), file: frame.file.slice(0, MAX_TEXT), line: frame.line };
    if (interned.size < MAX_GROUPS) interned.set(key, own);
    return own;
  }

  function keepId(group: Group, id: number | undefined): void {
    if (id === undefined || idCount >= MAX_IDS) return;
    idCount++;
    seen.add(id);
    group.ids.push(id);
  }

  function add(draft: Draft): Group | undefined {
    if (draft.id !== undefined && seen.has(draft.id)) return undefined;
    goroutines += draft.count;
    const { state, createdBy } = draft;
    const from = firstOfProgram(draft.frames);
    const frames = draft.frames.slice(from).map(intern);
    const key = `${state ?? ''}|${createdBy}|${frames.map(({ func, line }) => `${func}:${line}`).join('|')}`;
    const known = groups.get(key);
    if (known !== undefined) {
      known.count += draft.count;
      known.minutes = Math.max(known.minutes, draft.minutes);
      keepId(known, draft.id);
      return known;
    }
    if (groups.size >= MAX_GROUPS) {
      beyondBounds += draft.count;
      return undefined;
    }
    const { count, minutes, atLine } = draft;
    const group: Group = { frames, args: draft.args.slice(from), createdBy, count, state, minutes, ids: [], atLine };
    groups.set(key, group);
    keepId(group, draft.id);
    return group;
  }

  function join(group: Group, id: number, minutes: number): void {
    if (seen.has(id)) return;
    goroutines++;
    group.count++;
    group.minutes = Math.max(group.minutes, minutes);
    keepId(group, id);
  }

  return {
    add,
    join,
    get goroutines() {
      return goroutines;
    },
    get beyondBounds() {
      return beyondBounds;
    },
    dump: (format, unreadLines, earlier) => {
      const all = [...groups.values()];
      return {
        format,
        goroutines,
        groups: all,
        unreadLines: unreadLines + beyondBounds,
        process: processOf(all),
        version: versionOf(all),
        earlier,
      };
    },
  };
}
