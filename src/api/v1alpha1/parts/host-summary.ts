/** What the agent has read of its host for the diagnosis, as the incident's status holds it. */
import * as z from 'zod/mini';
import { about, atomicList, duration, moment, text, whole } from '../../schema.ts';

/** Of a log clue: characters of its line, and clues of one incident. */
export const MAX_CLUE_LINE = 512;
export const MAX_CLUES = 32;

/** Lines of one log that say the same: the diagnosis reads these, since the log itself stays on the node. */
const LogClue = z.object({
  source: text(128, 'The log that they are in.'),
  lineNumber: whole(1, 9007199254740991, 'Number in that log of the last of them.'),
  line: text(MAX_CLUE_LINE, 'The last of them; of a long line what matters.'),
  count: whole(1, 9007199254740991, 'How many they are.'),
  firstBeforeEnd: z.optional(
    duration('How long before the end of the log the first of them was written. Absent: the lines have no time.'),
  ),
  lastBeforeEnd: z.optional(duration('The same of the last.')),
});
export type LogClue = z.infer<typeof LogClue>;

const percent = (words: string): z.ZodMiniOptional<ReturnType<typeof whole>> => z.optional(whole(0, 100, words));

/** Facts of the host that the diagnosis needs, taken by the agent with the evidence. */
export const HostSummary = z
  .object({
    at: moment('When they were taken.'),
    blockedProcesses: z._default(
      atomicList(
        z.object({
          pid: whole(0, 4194304, 'Process id.'),
          comm: text(64, 'Its name.'),
          wchan: text(128, 'The kernel function that it waits in.'),
        }),
        32,
        'Processes and threads in state D (uninterruptible).',
      ),
      [],
    ),
    pressure: z.optional(
      z
        .object({
          load: whole(0, 10_000_000, 'Processes that run, or wait to, in the mean of a minute.'),
          cpus: whole(1, 1_000_000, 'CPUs.'),
          cpuSome: percent('How much of the last 10 s some process waited for a CPU, in percent.'),
          memoryFull: percent('How much of the last 10 s all processes waited for memory, in percent.'),
          ioFull: percent('How much of the last 10 s all processes waited for disks, in percent.'),
        })
        .check(about('How short the host is of what its processes share (/proc/loadavg, /proc/pressure).')),
    ),
    exitedContainers: z.optional(whole(0, 1000000, 'Exited containers that the runtime lists.')),
    logClues: z._default(
      atomicList(
        LogClue,
        MAX_CLUES,
        'Lines of the kubelet, runtime and kernel logs by which a known cause is recognised.',
      ),
      [],
    ),
  })
  .check(about('Facts of the host at the time.'));
export type HostSummary = z.infer<typeof HostSummary>;
