/**
 * Reads goroutine dumps: `debug=2` and the traces of SIGQUIT and SIGABRT (`goroutine 1 [state, N minutes]:`), and `debug=1`
 * (`3 @ 0x… 0x…`). It never throws on content; what it cannot read inside a dump is counted.
 * Source of the layouts: go/src/runtime/traceback.go, go/src/runtime/pprof/pprof.go.
 */
import type { Dump, DumpFormat, Frame, StackGroup } from './goroutine.ts';

interface Draft {
  readonly id: number | undefined;
  readonly state: string | undefined;
  readonly minutes: number;
  readonly count: number;
  readonly atLine: number;
  readonly frames: Frame[];
  createdBy: string;
  /** The call whose file line comes next. */
  pending: string | undefined;
  pendingCreator: boolean;
}

/** What journald, klog or a person's paste may put before a line. */
const PREFIX =
  /^(?:\S{3} +\d+ [\d:.]+ \S+ [^\s:[\]]+(?:\[\d+\])?: |\d{4}-\d\d-\d\dT[\d:.+\-Z]+ \S+ [^\s:[\]]+(?:\[\d+\])?: )/;
const HEADER = /^goroutine (\d+)(?: gp=\S+)?(?: m=\S+)?(?: mp=\S+)? \[([^\]]*)/;
const COUNTED = /^(\d+) @(?: 0x[0-9a-f]+)*$/;
const COUNTED_FRAME = /^#\s+0x[0-9a-f]+\s+(\S.*?)\+0x[0-9a-f]+\s+(\S.*):(\d+)$/;
const FILE = /^\s*(\S.*):(\d+)(?: \+0x[0-9a-f]+)?(?: fp=.*)?$/;
const MINUTES = /(\d+) minutes/;
const CREATED = /^created by (.*?)(?: in goroutine \d+)?$/;

/** `a/vendor/b.F` is `b.F`; arguments go. */
function functionName(call: string): string {
  const vendor = call.lastIndexOf('/vendor/');
  const name = vendor < 0 ? call : call.slice(vendor + '/vendor/'.length);
  if (!name.endsWith(')')) return name;
  let depth = 0;
  for (let index = name.length - 1; index >= 0; index--) {
    if (name[index] === ')') depth++;
    else if (name[index] === '(') depth--;
    if (depth === 0) return name.slice(0, index);
  }
  return name;
}

function isCall(line: string): boolean {
  return (
    line.endsWith(')') && line.includes('(') && !line.startsWith('\t') && !line.startsWith(' ') && line.includes('.')
  );
}

function keyOf(draft: Draft): string {
  return `${draft.state ?? ''}|${draft.createdBy}|${draft.frames.map((frame) => `${frame.func}:${frame.line}`).join('|')}`;
}

export interface DumpParser {
  write(chunk: string): void;
  end(): Dump;
}

export function createDumpParser(): DumpParser {
  const groups = new Map<string, StackGroup>();
  let format: DumpFormat = 'none';
  let goroutines = 0;
  let unreadLines = 0;
  let lineNumber = 0;
  let rest = '';
  let draft: Draft | undefined;

  function close(): void {
    if (draft === undefined) return;
    const { frames, createdBy, state, minutes, count, id, atLine } = draft;
    const key = keyOf(draft);
    const known = groups.get(key);
    const ids = id === undefined ? [] : [id];
    goroutines += count;
    groups.set(
      key,
      known === undefined
        ? { frames, createdBy, count, state, minutes, ids, atLine }
        : {
            ...known,
            count: known.count + count,
            minutes: Math.max(known.minutes, minutes),
            ids: known.ids.length < 32 ? [...known.ids, ...ids] : known.ids,
          },
    );
    draft = undefined;
  }

  function open(id: number | undefined, status: string | undefined, count: number): void {
    close();
    const state = status?.split(',')[0]?.trim();
    const minutes = Number(MINUTES.exec(status ?? '')?.[1] ?? 0);
    draft = {
      id,
      state,
      minutes,
      count,
      atLine: lineNumber,
      frames: [],
      createdBy: '',
      pending: undefined,
      pendingCreator: false,
    };
  }

  function readFrame(current: Draft, line: string): void {
    const counted = COUNTED_FRAME.exec(line);
    if (counted !== null) {
      current.frames.push({ func: functionName(counted[1] ?? ''), file: counted[2] ?? '', line: Number(counted[3]) });
      return;
    }
    const created = CREATED.exec(line);
    if (created !== null) {
      current.createdBy = functionName(created[1] ?? '');
      current.pendingCreator = true;
      return;
    }
    const file = FILE.exec(line);
    if (file !== null && (current.pending !== undefined || current.pendingCreator)) {
      if (!current.pendingCreator)
        current.frames.push({ func: current.pending ?? '', file: file[1] ?? '', line: Number(file[2]) });
      current.pending = undefined;
      current.pendingCreator = false;
      return;
    }
    if (isCall(line)) {
      if (current.pending !== undefined) current.frames.push({ func: current.pending, file: '', line: 0 });
      current.pending = functionName(line);
      return;
    }
    if (!line.startsWith('# labels:') && !line.startsWith('...')) unreadLines++;
  }

  function readLine(raw: string): void {
    lineNumber++;
    const line = raw.replace(PREFIX, '').trimEnd();
    const header = HEADER.exec(line);
    if (header !== null) {
      format = 'debug=2';
      open(Number(header[1]), header[2], 1);
      return;
    }
    const counted = COUNTED.exec(line);
    if (counted !== null) {
      format = format === 'none' ? 'debug=1' : format;
      open(undefined, undefined, Number(counted[1]));
      return;
    }
    if (draft !== undefined && line !== '') readFrame(draft, line);
  }

  return {
    write: (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) readLine(line);
    },
    end: () => {
      if (rest !== '') readLine(rest);
      close();
      return { format, goroutines, groups: [...groups.values()], unreadLines };
    },
  };
}

export function parseDump(text: string): Dump {
  const parser = createDumpParser();
  parser.write(text);
  return parser.end();
}
