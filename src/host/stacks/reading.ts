/** What the reader's process gives to the one that asked: a line of JSON, and then a text compressed by gzip. */
import { isMedicError, type MedicError } from '../../ports/errors.ts';
import type { GoroutineHeader, SampleHeader, ThreadHeader } from '../../ports/stacks.ts';
import { isStackErrorCode, stackError } from './stack-errors.ts';

interface FailureHeader {
  readonly kind: 'failure';
  readonly code: string;
  readonly message: string;
}

export type Header = GoroutineHeader | SampleHeader | ThreadHeader | FailureHeader;

export function encodeHeader(header: Header): Buffer {
  return Buffer.from(`${JSON.stringify(header)}\n`);
}

export function failureOf(error: unknown): FailureHeader {
  if (isMedicError(error)) return { kind: 'failure', code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'failure', code: 'E_STACKS_READER', message };
}

export function errorOf({ code, message }: FailureHeader, pid: number): MedicError {
  return stackError(isStackErrorCode(code) ? code : 'E_STACKS_READER', `process ${String(pid)}: ${message}`);
}

export interface Answer {
  readonly header: Header;
  readonly gzip: Buffer;
}

/** undefined: it is not whole. The other side is our own program, of the same version. */
export function decodeAnswer(bytes: Buffer): Answer | undefined {
  const end = bytes.indexOf(0x0a);
  if (end < 0) return undefined;
  try {
    const header = JSON.parse(bytes.toString('utf8', 0, end)) as Header;
    return { header, gzip: bytes.subarray(end + 1) };
  } catch {
    return undefined;
  }
}
