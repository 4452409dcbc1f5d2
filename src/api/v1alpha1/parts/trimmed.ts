/** What an incident says of dumps that were taken out of the API server to make room. */
import * as z from 'zod/mini';
import { about, moment, text } from '../../schema.ts';

/**
 * - `SharedFault`: other nodes keep dumps of the same fault.
 * - `Budget`: all evidence together took more room than it may.
 * - `TooLarge`: this incident's evidence alone took more than one incident may; what was stored last went.
 */
const TrimReason = z.enum(['SharedFault', 'Budget', 'TooLarge']);
export type TrimReason = z.infer<typeof TrimReason>;

export const Trimmed = z
  .object({
    at: moment('When.'),
    reason: TrimReason.check(about('Why.')),
    message: text(1024, 'Why, and where the dumps are to be had, for a person.'),
  })
  .check(about('Its dumps were taken out of the API server. Their checksums and what was read from them stay.'));
export type Trimmed = z.infer<typeof Trimmed>;
