/** Why systemd could not be asked, for a person who reads it in a column of `kubectl get kh`. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MedicError } from '../../ports/errors.ts';
import { hasCode } from '../system-error.ts';

/** It is there wherever systemd is the init of the host (sd_booted(3)), and nowhere else. */
const BOOTED = '/run/systemd/system';

/** @param words what systemctl says, or how it ended. */
export async function unasked(hostRoot: string, words: string, cause?: unknown): Promise<MedicError> {
  const options = cause === undefined ? {} : { cause };
  if (await isWithout(hostRoot)) {
    const message = `systemd does not run this host (there is no ${BOOTED}), and no other service manager is spoken to`;
    return new MedicError('E_HOST_COMMAND', 'terminal', message, options);
  }
  return new MedicError('E_HOST_COMMAND', 'transient', `systemd cannot be asked: ${words}`, options);
}

/** What cannot be looked at is no proof. */
async function isWithout(hostRoot: string): Promise<boolean> {
  try {
    await stat(join(hostRoot, BOOTED));
    return false;
  } catch (error) {
    return hasCode(error, 'ENOENT');
  }
}
