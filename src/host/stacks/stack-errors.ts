/** Why the stacks of a process cannot be read. The messages name the process; the reader adds what it saw. */
import { type ErrorClass, MedicError } from '../../ports/errors.ts';
import { hasCode, messageOf } from '../system-error.ts';

const CLASSES = {
  E_STACKS_NOT_GO: 'terminal',
  E_STACKS_NOT_SHIM: 'terminal',
  E_STACKS_UNSUPPORTED: 'terminal',
  E_STACKS_MALFORMED: 'invalid',
  E_STACKS_DENIED: 'denied',
  E_STACKS_GONE: 'absent',
  E_STACKS_DEADLINE: 'transient',
  E_STACKS_READER: 'transient',
} as const satisfies Readonly<Record<string, ErrorClass>>;

export type StackErrorCode = keyof typeof CLASSES;

export function isStackErrorCode(code: string): code is StackErrorCode {
  return Object.hasOwn(CLASSES, code);
}

export function stackError(code: StackErrorCode, message: string, cause?: unknown): MedicError {
  return new MedicError(code, CLASSES[code], message, { cause });
}

/** What the file says cannot be so. A hostile program comes here too. */
export function malformed(message: string): MedicError {
  return stackError('E_STACKS_MALFORMED', message);
}

/** A failure of the file system at a file of /proc/PID. @param path for the message. @param hint what may be behind a refusal. */
export function procError(path: string, error: unknown, hint: string): unknown {
  if (error instanceof MedicError) return error;
  if (hasCode(error, 'ENOENT', 'ESRCH')) return stackError('E_STACKS_GONE', `${path}: the process has ended`, error);
  if (hasCode(error, 'EACCES', 'EPERM')) {
    return stackError('E_STACKS_DENIED', `no right to read ${path} (${messageOf(error)})${hint}`, error);
  }
  return error;
}
