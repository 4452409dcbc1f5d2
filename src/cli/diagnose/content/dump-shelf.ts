/** The dumps of a run, each look once, and no more of them than there is room for. */
import { isSameLook } from '../../../core/diagnosis/analysis/same-look.ts';
import type { NamedDump } from '../../../core/diagnosis/diagnosis-input.ts';

export interface DumpShelf {
  /** @param place in the order of the arguments. */
  add(place: number, dump: NamedDump): void;
  inOrder(): readonly NamedDump[];
}

interface Entry extends NamedDump {
  readonly place: number;
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
  return {
    add(place, { name, dump }): void {
      const same = entries.findIndex((one) => isOfOneLook(one, { name, dump }));
      const before = entries[same];
      if (before !== undefined && before.dump.goroutines >= dump.goroutines && before.dump.isCut !== true) return;
      if (before !== undefined) entries.splice(same, 1);
      entries.push({ place, name, dump });
      entries.sort((a, b) => a.place - b.place);
      makeRoom(entries);
    },
    inOrder: () => ofOneProcess(entries).map(({ name, dump }) => ({ name, dump })),
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

function makeRoom(entries: Entry[]): void {
  let groups = entries.reduce((sum, one) => sum + groupsOf(one), 0);
  for (let at = 0; groups > MAX_GROUPS && at < entries.length;) {
    const entry = entries[at];
    const later = entries.slice(at + 1).filter(({ dump }) => kindOf(dump) === (entry && kindOf(entry.dump)));
    if (entry === undefined || later.length < KEPT) {
      at++;
      continue;
    }
    groups -= groupsOf(entry);
    entries.splice(at, 1);
  }
}

function kindOf({ process, format }: NamedDump['dump']): string {
  return `${process} ${format}`;
}

/** Stacks of a process that is gone say nothing beside those of the one that followed it. */
function ofOneProcess(dumps: readonly Entry[]): readonly Entry[] {
  const ofNow = dumps.filter(({ name }) => !LEFT.test(name));
  const isFollowed = (role: string): boolean => ofNow.some(({ name }) => RUNTIME.test(name) === (role === 'runtime'));
  return dumps.filter(({ name }) => {
    const role = LEFT.exec(name)?.[1];
    return role === undefined || !isFollowed(role);
  });
}
