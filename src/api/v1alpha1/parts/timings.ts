/** When what of an incident happened. */
import * as z from 'zod/mini';
import { about, duration, moment } from '../../schema.ts';

export const Timings = z
  .object({
    detectedAt: z.optional(moment('The breach line, or what else triggered.')),
    evidenceAt: z.optional(moment('When the evidence was sealed.')),
    cordonedAt: z.optional(moment('When the node was cordoned.')),
    actedAt: z.optional(moment('When the first restart was issued.')),
    readyAt: z.optional(moment('When the node was Ready again.')),
    completedAt: z.optional(moment('When the incident was complete.')),
    notReadySince: z.optional(moment('When the node was last Ready: it may have been Unknown, and then False.')),
    notReadyFor: z.optional(duration('How long it was NotReady, rounded to seconds.')),
  })
  .check(about('When what happened.'));
