/**
 * Patterns that others wrote, in time linear in the text. V8 has an engine without backtracking: a pattern that it cannot run is
 * refused, and others are run by the usual one, which hands over to it where it backtracks too much (v8.dev/blog/non-backtracking-regexp).
 */
import { setFlagsFromString } from 'node:v8';

let isSet = false;

function setFlags(): void {
  if (isSet) return;
  setFlagsFromString('--enable-experimental-regexp-engine');
  setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
  isSet = true;
}

/** `^` and `$` are those of a line. @throws `SyntaxError` for a pattern that is none, or has back references, look-around or counts (`{2,5}`). */
export function linearPattern(source: string): RegExp {
  setFlags();
  new RegExp(source, 'glm');
  return new RegExp(source, 'gm');
}
