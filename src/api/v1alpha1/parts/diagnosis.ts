/** The verdict: where the kubelet is stuck, why, and what helps. */
import * as z from 'zod/mini';
import { about, atomicList, text } from '../../schema.ts';

export const CauseClass = z.enum([
  'KubeletDeadlock',
  'RuntimeHung',
  'ShimOrRunc',
  'Cni',
  'Storage',
  'SystemdOrDbus',
  'DevicePlugin',
  'KernelOrHost',
  'SlowRelist',
  'StartUpBlocked',
  'KubeletSilent',
  'KubeletDown',
  'RuntimeDown',
  'HeldByPerson',
  'Configuration',
  'Healthy',
  'Unknown',
]);
export type CauseClass = z.infer<typeof CauseClass>;
export const Confidence = z.enum(['High', 'Medium', 'Low']);
export type Confidence = z.infer<typeof Confidence>;
/** Whether a restart helps against the cause. */
export const RestartEffect = z.enum(['Helps', 'DoesNotHelp', 'Harms', 'Unknown']);
export type RestartEffect = z.infer<typeof RestartEffect>;

/**
 * Whether relist moves, by two dumps of which the last was taken after the breach:
 * - `Stuck`: it was in one call in both, or waits for a minute at least; or the sync loop skips its work.
 * - `Moving`: it was elsewhere, in another call, or between two relists.
 * - `Unknown`: there are no two dumps, or they do not tell.
 */
export const RelistMotion = z.enum(['Stuck', 'Moving', 'Unknown']);
export type RelistMotion = z.infer<typeof RelistMotion>;

export const Diagnosis = z
  .object({
    cause: text(128, 'Id of the root cause in the catalogue, for example `pleg-event-channel-deadlock`, or `unknown`.'),
    class: CauseClass.check(about('The kind of cause.')),
    confidence: Confidence.check(about('How sure it is.')),
    own: z.optional(z.boolean().check(about('The cause is one of your own (`ownCauses` of the chart).'))),
    summary: text(512, 'The cause in one sentence.'),
    restartKubelet: RestartEffect.check(about('Whether restarting the kubelet helps.')),
    restartRuntime: RestartEffect.check(about('Whether restarting the container runtime helps.')),
    recommendation: text(1024, 'What a person should do.'),
    fixedIn: z.optional(text(128, 'The release that fixes it.')),
    references: z._default(atomicList(text(256, 'A link or an issue.'), 16, 'Where it is known from.'), []),
    behind: z.optional(
      text(512, 'What the runtime itself waits for, by its own stacks, where the kubelet waits for the runtime.'),
    ),
    evidence: z._default(
      atomicList(text(512, 'FILE:LINE and what stands there.'), 32, 'What the verdict rests on.'),
      [],
    ),
    others: z.optional(
      atomicList(text(512, 'A queue, or what grows.'), 32, 'What else the dump shows, for example who waits as well.'),
    ),
    relist: z.optional(RelistMotion.check(about('Whether relist moves, by the dumps.'))),
    kubeletVersion: z.optional(text(64, 'Version of the kubelet that was stuck.')),
    blockedGoroutine: z.optional(
      text(512, 'The goroutine that is stuck, for example `goroutine 368 [select, 1 minutes], CRI ListPodSandbox`.'),
    ),
    blockedStack: z.optional(text(4096, 'Its stack, leaf first.')),
    sourceLink: z.optional(text(512, "The blocked line in the kubelet's own version.")),
    fingerprint: z.optional(text(64, 'Same for the same fault on other nodes, pods, addresses and Go versions.')),
  })
  .check(about('Where the kubelet is stuck, why, and what helps.'));
export type Diagnosis = z.infer<typeof Diagnosis>;
