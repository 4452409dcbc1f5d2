/** Kubelets that are well. */
import type { Cause } from './cause.ts';

const WELL = { class: 'Healthy', restartKubelet: 'DoesNotHelp', restartRuntime: 'DoesNotHelp' } as const;

export const HEALTHY_VERDICTS: readonly Cause[] = [
  {
    ...WELL,
    id: 'start-up-noise',
    summary: 'The kubelet has just started: PLEG is not yet successful for seconds, as at every start.',
    relistMayIdle: true,
    signs: [
      { kind: 'pleg-log', is: 'start-up-passed', weight: 0.35 },
      // Too little by itself: nothing good has followed.
      { kind: 'pleg-log', is: 'start-up-unclear', weight: 0.1 },
      { kind: 'log', pattern: /Starting kubelet main sync loop/g, weight: 0.2, support: true },
      { kind: 'idles', weight: 0.5, support: true },
      {
        kind: 'stack',
        frames: ['kubelet.(*kubelet).initializeruntimedependentmodules'],
        of: ['kubelet'],
        weight: 0.4,
        support: true,
      },
    ],
    recommendation: 'Nothing. If it lasts for minutes, look again.',
    references: ['kubernetes/kubernetes#122338'],
  },
  {
    ...WELL,
    id: 'kubelet-idle',
    summary: 'Nothing is stuck: relist idles between two rounds, and the sync loop waits for work.',
    signs: [{ kind: 'idles', weight: 0.88 }],
    recommendation: 'Nothing. If the node is NotReady all the same, look at the condition and the log.',
    references: [],
  },
  {
    ...WELL,
    id: 'kubelet-works',
    summary: 'The log shows no fault: to its end relist finds what happens to pods, and the sync loop takes it up.',
    // Any sign of a fault outweighs it.
    signs: [{ kind: 'pleg-log', is: 'works', weight: 0.31 }],
    recommendation: 'Nothing. If the node is NotReady all the same, take a goroutine dump.',
    references: ['kubernetes/kubernetes#100803'],
  },
];
