/** The dumps of a run, each look once, and no more of them than there is room for. */
import { dirname } from 'node:path';
import { isSameLook } from '../../../core/diagnosis/analysis/same-look.ts';
import type { NamedDump } from '../../../core/diagnosis/diagnosis-input.ts';
import { nodesOfPaths } from '../../../core/diagnosis/nodes/node-of-path.ts';

/** A dump, and which host the text that it stands in names. */
export interface ShelvedDump extends NamedDump {
  readonly host: string | undefined;
}

export interface DumpShelf {
  /** @param place in the order of the arguments. @returns the name of the dump that it is a copy of; undefined: it is none. */
  add(place: number, dump: ShelvedDump): string | undefined;
  inOrder(): readonly ShelvedDump[];
  /** Names of those that there was no room for. */
  left(): readonly string[];
}

interface Entry extends ShelvedDump {
  readonly place: number;
  /** Program, form and node: of each the last are kept. */
  readonly kind: string;
}

/** Stacks of all dumps together. */
const MAX_GROUPS = 40_000;
/** Of one program in one form these stay: a verdict rests on the last, and on the one before. */
const KEPT = 2;
/** What the agent saves of a process that systemd's watchdog ended, and of a runtime that runs. */
const LEFT = /(?:^|\/)watchdog-(kubelet|runtime)\.txt(?:\.gz)?$/;
const RUNTIME = /(?:^|\/)runtime-/;
/** The agent's, each of a look of its own: two of a program that stands still have the same text. */
const ROUND = /goroutines-(?:[\w-]*-)?\d+\.txt(?:\.gz)?$/;

export function createDumpShelf(): DumpShelf {
  const entries: Entry[] = [];
  const left: string[] = [];
  return {
    add(place, added): string | undefined {
      const { dump } = added;
      const same = entries.findIndex((one) => isOfOneLook(one, added));
      const before = entries[same];
      if (before !== undefined && before.dump.goroutines >= dump.goroutines && before.dump.isCut !== true)
        return before.name;
      if (before !== undefined) entries.splice(same, 1);
      entries.push({ place, kind: kindOf(added), ...added });
      entries.sort((a, b) => a.place - b.place);
      left.push(...makeRoom(entries));
      return before?.name;
    },
    inOrder: () => withoutEnded(entries).map(({ name, host, dump }) => ({ name, host, dump })),
    left: () => left,
  };
}

function isOfOneLook(a: NamedDump, b: NamedDump): boolean {
  const areRounds = ROUND.test(a.name) && ROUND.test(b.name) && plain(a.name) !== plain(b.name);
  return !areRounds && isSameLook(a.dump, b.dump);
}

function plain(name: string): string {
  return name.replace(/\.gz$/, '');
}

function groupsOf({ dump }: NamedDump): number {
  return [dump, ...dump.earlier].reduce((sum, { groups }) => sum + groups.length, 0);
}

/** @returns the names of those that had to go: older ones of a program, then whatever is first. */
function makeRoom(entries: Entry[]): readonly string[] {
  const gone: string[] = [];
  let groups = entries.reduce((sum, one) => sum + groupsOf(one), 0);
  for (const mayGo of [hasLater, (): boolean => entries.length > 1]) {
    for (let at = 0; groups > MAX_GROUPS && at < entries.length;) {
      const entry = entries[at];
      if (entry === undefined || !mayGo(entry, entries.slice(at + 1))) {
        at++;
        continue;
      }
      groups -= groupsOf(entry);
      gone.push(entry.name);
      entries.splice(at, 1);
    }
  }
  return gone;
}

function hasLater(entry: Entry, later: readonly Entry[]): boolean {
  return later.filter(({ kind }) => kind === entry.kind).length >= KEPT;
}

function kindOf({ name, host, dump }: ShelvedDump): string {
  return `${dump.process} ${dump.format} ${host ?? nodesOfPaths([name])[0] ?? ''}`;
}

/** Stacks of a process that is gone say nothing beside those of the one that followed it. */
function withoutEnded(dumps: readonly Entry[]): readonly Entry[] {
  const ofNow = dumps.filter(({ name }) => !LEFT.test(name));
  return dumps.filter(({ name }) => {
    const role = LEFT.exec(name)?.[1];
    const isFollowed = ofNow.some(
      (one) => dirname(one.name) === dirname(name) && RUNTIME.test(one.name) === (role === 'runtime'),
    );
    return role === undefined || !isFollowed;
  });
}
