/**
 * A path of the host, resolved under its root. Absolute symbolic links (`/var/run -> /run`) would lead out of
 * `/proc/1/root` into this container, so each link is followed here.
 */
import { lstat } from 'node:fs/promises';
import { untilAborted } from '../../runtime/deadline.ts';
import { linkTarget } from './bounded-read.ts';
import { isOfPerson } from './plain-file.ts';

const MAX_LINKS = 40;

/** The path to open. What does not exist, and a link that a person has made, stays as it is written. Never leaves the root. */
export async function hostPath(root: string, path: string, signal?: AbortSignal): Promise<string> {
  let pending = split(path);
  let done: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const [name = '', ...rest] = pending;
    pending = rest;
    if (name === '..') {
      done = done.slice(0, -1);
      continue;
    }
    const target = links < MAX_LINKS ? await targetOf(join(root, [...done, name]), signal) : undefined;
    if (target === undefined) {
      done = [...done, name];
      continue;
    }
    links++;
    if (target.startsWith('/')) done = [];
    pending = [...split(target), ...pending];
  }
  return join(root, done);
}

/** A user's link would show him what only root may read. */
async function targetOf(path: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const target = await linkTarget(path, signal);
  if (target === undefined) return undefined;
  return isOfPerson(await untilAborted(signal, lstat(path))) ? undefined : target;
}

function split(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function join(root: string, names: readonly string[]): string {
  return `${root === '/' ? '' : root}/${names.join('/')}`;
}
