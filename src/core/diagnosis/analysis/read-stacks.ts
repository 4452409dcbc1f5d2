/** The stacks of a text as it stands there, or as they can be read where people, chats or a debugger have changed it. */
import type { Dump } from '../../dump/goroutine.ts';
import { mendStacks } from '../../dump/mend.ts';
import { parseDump } from '../../dump/parser.ts';
import { unwrapStacks } from '../../dump/unwrap.ts';

/** Frames with their places; what could not be read speaks against it. */
function worth(dump: Dump): number {
  const groups = [...dump.earlier, dump].flatMap((one) => one.groups);
  const frames = groups.reduce((sum, one) => sum + one.frames.filter(({ line }) => line > 0).length, 0);
  return frames - dump.unreadLines;
}

function framesOf(dump: Dump): number {
  return [...dump.earlier, dump].flatMap(({ groups }) => groups).reduce((sum, { frames }) => sum + frames.length, 0);
}

function mended(dump: Dump): Dump {
  return { ...dump, earlier: dump.earlier.map((one) => ({ ...one, isMended: true })), isMended: true };
}

/** As much as there is in it; a change is only believed where it brings more. */
export function readStacks(text: string): Dump {
  const whole = unwrapStacks(text);
  const plain = readOne(text);
  const unwrapped = whole === undefined ? undefined : readOne(whole);
  return unwrapped !== undefined && worth(unwrapped) > worth(plain) ? mended(unwrapped) : plain;
}

function readOne(text: string): Dump {
  const dump = parseDump(text);
  if (dump.goroutines > 0 && dump.unreadLines === 0) return dump;
  const changed = mendStacks(text);
  if (changed === undefined) return dump;
  const other = parseDump(changed);
  return framesOf(other) <= framesOf(dump) ? dump : mended(other);
}
