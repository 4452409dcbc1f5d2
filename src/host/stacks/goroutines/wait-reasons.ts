/** runtime.waitReasonStrings: what a goroutine waits for, by number. The order differs from version to version. */
import { type AddressRange, readWord } from '../byte-source.ts';
import { type ProcessMemory, wordAt } from '../process-memory.ts';
import { malformed } from '../stack-errors.ts';

const STRING = 16;
const MAX_REASONS = 64;
const MAX_LENGTH = 64;
/** `` , `GC assist marking`, `IO wait` come first in all of them. */
const FIRST_LENGTHS = [0, 17, 7];
const KNOWN = ['GC assist marking', 'IO wait', 'select', 'chan receive'];

/** Known by the lengths of the first strings, and then by the strings. @throws `E_STACKS_MALFORMED`. */
export function findWaitReasons(memory: ProcessMemory, data: AddressRange): readonly string[] {
  for (const { address, bytes } of memory.chunks(data, STRING * FIRST_LENGTHS.length)) {
    for (let at = 0; at + STRING * FIRST_LENGTHS.length <= bytes.length; at += 8) {
      if (bytes.readUInt32LE(at + STRING + 8) !== FIRST_LENGTHS[1]) continue;
      if (!FIRST_LENGTHS.every((length, i) => readWord(bytes, at + i * STRING + 8) === length)) continue;
      const reasons = readReasons(memory, address + at);
      if (KNOWN.every((reason) => reasons.includes(reason))) return reasons;
    }
  }
  throw malformed('its list of what goroutines wait for is not in its memory');
}

function readReasons(memory: ProcessMemory, address: number): readonly string[] {
  const table = memory.tryRead(address, MAX_REASONS * STRING) ?? Buffer.alloc(0);
  const reasons = [''];
  while (reasons.length < MAX_REASONS) {
    const at = reasons.length * STRING;
    const length = wordAt(table, at + 8);
    if (length === 0 || length > MAX_LENGTH) break;
    const reason = memory.tryRead(wordAt(table, at), length)?.toString('latin1') ?? '';
    if (!/^[\x20-\x7e]{4,}$/.test(reason)) break;
    reasons.push(reason);
  }
  return reasons;
}
