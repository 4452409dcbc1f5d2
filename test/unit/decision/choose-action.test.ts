import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Action } from '../../../src/api/v1alpha1/kinds/policy.ts';
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { chooseAction, type ActionQuestion, type PastTry } from '../../../src/core/decision/choose-action.ts';

function aDiagnosis(part: Partial<Diagnosis> = {}): Diagnosis {
  return {
    cause: 'some-cause',
    class: 'KubeletDeadlock',
    confidence: 'High',
    summary: 's',
    restartKubelet: 'Helps',
    restartRuntime: 'DoesNotHelp',
    recommendation: 'Upgrade.',
    references: [],
    evidence: [],
    ...part,
  };
}

function ask(part: Partial<ActionQuestion> & { readonly diagnosis?: Diagnosis } = {}): ReturnType<typeof chooseAction> {
  const allowed = ['RestartKubelet', 'RestartRuntime'] as const;
  return chooseAction({ diagnosis: aDiagnosis(), probe: 'Answered', allowed, tried: [], before: [], ...part });
}

const hung = aDiagnosis({
  cause: 'runtime-hung',
  class: 'RuntimeHung',
  restartKubelet: 'Harms',
  restartRuntime: 'Helps',
});
const unsure = aDiagnosis({
  cause: 'unknown',
  class: 'Unknown',
  confidence: 'Low',
  restartKubelet: 'Unknown',
  restartRuntime: 'Unknown',
});
const nfs = aDiagnosis({
  cause: 'nfs-hung',
  class: 'Storage',
  restartKubelet: 'DoesNotHelp',
  restartRuntime: 'DoesNotHelp',
});

describe('the choice of an action', () => {
  test.each([
    [
      'a deadlock inside the kubelet restarts the kubelet',
      { diagnosis: aDiagnosis() },
      'RestartKubelet',
      'RestartKubeletHelps',
    ],
    [
      'a hung runtime that answers nobody is restarted',
      { diagnosis: hung, probe: 'Timeout' },
      'RestartRuntime',
      'RestartRuntimeHelps',
    ],
    [
      'a hung runtime with no agent to ask is restarted on the word of the stack',
      { diagnosis: hung, probe: 'Unknown' },
      'RestartRuntime',
      'RestartRuntimeHelps',
    ],
    [
      'a stack that waits for a runtime that answers others restarts the kubelet',
      { diagnosis: hung, probe: 'Answered' },
      'RestartKubelet',
      'RuntimeAnswers',
    ],
    ['an unknown cause restarts the kubelet', { diagnosis: unsure }, 'RestartKubelet', 'DefaultAction'],
    [
      'an unknown cause with a deaf runtime restarts the runtime: the kubelet would crash-loop',
      { diagnosis: unsure, probe: 'Timeout' },
      'RestartRuntime',
      'RuntimeDoesNotAnswer',
    ],
    [
      'a runtime whose restart helps is not restarted while it answers, if the kubelet can be',
      { diagnosis: aDiagnosis({ restartRuntime: 'Helps' }), probe: 'Answered' },
      'RestartKubelet',
      'RestartKubeletHelps',
    ],
    [
      'a cause of which no effect is known restarts the kubelet',
      { diagnosis: aDiagnosis({ restartKubelet: 'Unknown' }) },
      'RestartKubelet',
      'DefaultAction',
    ],
    [
      'a cause that is only guessed decides nothing',
      { diagnosis: { ...nfs, confidence: 'Low' } },
      'RestartKubelet',
      'DefaultAction',
    ],
    [
      'a cause that has no class decides nothing',
      { diagnosis: { ...nfs, class: 'Unknown' } },
      'RestartKubelet',
      'DefaultAction',
    ],
    [
      'a guess that a restart of the runtime harms does not keep a deaf one as it is',
      { diagnosis: aDiagnosis({ confidence: 'Low', restartRuntime: 'Harms' }), probe: 'Timeout' },
      'RestartRuntime',
      'RuntimeDoesNotAnswer',
    ],
    [
      'a runtime that nobody can connect to is started again',
      { diagnosis: aDiagnosis(), probe: 'Unavailable' },
      'RestartRuntime',
      'RuntimeDoesNotAnswer',
    ],
  ] as const)('%s', (_, part, action, reason) => {
    expect(ask(part)).toMatchObject({ kind: 'Act', action, reason });
  });

  test.each([
    ['a cause that no restart helps', { diagnosis: nfs }, 'RestartDoesNotHelp'],
    [
      'a cause that a restart makes worse',
      { diagnosis: aDiagnosis({ class: 'StartUpBlocked', restartKubelet: 'Harms' }) },
      'RestartHarms',
    ],
    [
      'an action that the diagnosis says is harmful',
      { diagnosis: aDiagnosis({ restartRuntime: 'Harms' }), probe: 'Timeout' },
      'RestartHarms',
    ],
    [
      'a runtime that crash-loops, though it is deaf',
      { diagnosis: aDiagnosis({ class: 'RuntimeDown', restartKubelet: 'Unknown' }), probe: 'Unavailable' },
      'RestartDoesNotHelp',
    ],
    [
      'what somebody holds as it is',
      { diagnosis: aDiagnosis({ class: 'HeldByPerson', restartKubelet: 'Harms' }), probe: 'Unavailable' },
      'HeldByPerson',
    ],
    [
      'a ladder whose next rung is harmful, and the one after it is not allowed',
      { diagnosis: aDiagnosis({ restartRuntime: 'Harms' }), tried: ['RestartKubelet'] },
      'ActionNotAllowed',
    ],
    ['an action that the policy does not allow', { allowed: ['RestartRuntime'] }, 'ActionNotAllowed'],
    [
      'a ladder whose rungs are used up',
      { tried: ['RestartKubelet', 'RestartRuntime', 'RebootNode'] },
      'LadderExhausted',
    ],
  ] as const)('%s is handed over, with the recommendation', (_, part, reason) => {
    const choice = ask(part);
    expect(choice).toMatchObject({ kind: 'HandOver', reason });
    expect(choice.message).toContain('Upgrade.');
  });

  const helpful = aDiagnosis({ restartRuntime: 'Unknown' });
  const failed = (action: Action): PastTry => ({ action, helped: false });
  const helped = (action: Action): PastTry => ({ action, helped: true });

  test.each<[string, Partial<ActionQuestion>, Action, string]>([
    ['did not help, is not tried again', { before: [failed('RestartKubelet')] }, 'RestartRuntime', 'NextRung'],
    ['helped, is tried again', { before: [helped('RestartKubelet')] }, 'RestartKubelet', 'RestartKubeletHelps'],
    [
      'helped after another had not, comes first',
      { before: [failed('RestartKubelet'), helped('RestartRuntime')] },
      'RestartRuntime',
      'HelpedBefore',
    ],
    [
      'helped once, and not the last time, gives way',
      { before: [helped('RestartKubelet'), failed('RestartKubelet'), helped('RestartRuntime')] },
      'RestartRuntime',
      'HelpedBefore',
    ],
    [
      'helped before, and did not now, gives way',
      { before: [helped('RestartKubelet')], tried: ['RestartKubelet'] },
      'RestartRuntime',
      'NextRung',
    ],
    [
      'helped, is not done where the runtime is deaf and the kubelet would crash-loop',
      { before: [helped('RestartKubelet')], probe: 'Timeout' },
      'RestartRuntime',
      'RuntimeDoesNotAnswer',
    ],
  ])('what an earlier incident with the same stack did and %s', (_name, part, action, reason) => {
    expect(ask({ diagnosis: helpful, ...part })).toMatchObject({ kind: 'Act', action, reason });
  });

  test('a fault that has come back three times, each time after what helped, is a person’s', () => {
    const before = [helped('RestartKubelet'), helped('RestartKubelet'), helped('RestartKubelet')];
    expect(ask({ before })).toMatchObject({
      kind: 'HandOver',
      reason: 'Recurring',
      message: expect.stringContaining('come back 3 times'),
    });
    expect(ask({ before: before.slice(1) })).toMatchObject({ action: 'RestartKubelet' });
    expect(ask({ before: [...before.slice(1), failed('RestartRuntime')] })).toMatchObject({ kind: 'Act' });
  });

  test('a ladder that ends names what was tried, each once, and claims nothing of what was not', () => {
    const before: PastTry[] = [{ action: 'RestartKubelet', helped: false }];
    expect(ask({ tried: ['RestartKubelet', 'RebootNode'], before })).toMatchObject({
      reason: 'LadderExhausted',
      message: 'RestartKubelet and RebootNode did not help or did not last, and nothing else is worth trying. Upgrade.',
    });
  });

  test('a rung that the diagnosis says does not help is left out, unless the state that it was said of is over', () => {
    const allowed = ['RestartKubelet', 'RestartRuntime', 'RebootNode'] as const;
    expect(ask({ tried: ['RestartKubelet'], allowed })).toMatchObject({ action: 'RebootNode' });
    const lock = aDiagnosis({ class: 'RuntimeHung', restartKubelet: 'DoesNotHelp', restartRuntime: 'Helps' });
    const afterRuntime = { diagnosis: lock, tried: ['RestartRuntime'] as const, allowed };
    expect(ask({ ...afterRuntime, probe: 'Answered' })).toMatchObject({ action: 'RestartKubelet' });
    expect(ask({ ...afterRuntime, probe: 'Error' })).toMatchObject({ action: 'RebootNode' });
    // A guess rules nothing out.
    const guess = { ...lock, confidence: 'Low' } as const;
    expect(ask({ ...afterRuntime, probe: 'Error', diagnosis: guess })).toMatchObject({ action: 'RestartKubelet' });
  });

  test('a reboot comes last, and only where the policy allows it', () => {
    const tried = ['RestartKubelet', 'RestartRuntime'] as const;
    expect(ask({ tried })).toMatchObject({ kind: 'HandOver', reason: 'ActionNotAllowed' });
    expect(ask({ tried, allowed: ['RestartKubelet', 'RestartRuntime', 'RebootNode'] })).toMatchObject({
      kind: 'Act',
      action: 'RebootNode',
    });
  });

  test('whatever is asked, a kubelet is never restarted while the runtime answers nobody, and nothing forbidden is done', () => {
    const effect = fc.constantFrom('Helps', 'DoesNotHelp', 'Harms', 'Unknown') satisfies fc.Arbitrary<
      Diagnosis['restartKubelet']
    >;
    const ALL = ['RestartKubelet', 'RestartRuntime', 'RebootNode'] as const;
    const actions = fc.uniqueArray(
      fc.constantFrom('RestartKubelet', 'RestartRuntime', 'RebootNode') satisfies fc.Arbitrary<
        ActionQuestion['allowed'][number]
      >,
    );
    const question = fc.record({
      diagnosis: fc
        .record({
          confidence: fc.constantFrom('High' as const, 'Medium' as const, 'Low' as const),
          restartKubelet: effect,
          restartRuntime: effect,
        })
        .map(aDiagnosis),
      probe: fc.constantFrom(
        'Answered' as const,
        'Timeout' as const,
        'Unavailable' as const,
        'Error' as const,
        'Unknown' as const,
      ),
      allowed: actions,
      tried: actions,
      before: fc.array(fc.record({ action: fc.constantFrom(...ALL), helped: fc.boolean() })),
    });
    fc.assert(
      fc.property(question, (asked) => {
        const choice = chooseAction(asked);
        if (choice.kind === 'HandOver') return;
        expect(asked.allowed).toContain(choice.action);
        expect(asked.tried).not.toContain(choice.action);
        const last = asked.before.findLast(({ action }) => action === choice.action);
        if (last?.helped === false && !asked.before.some(({ helped: did }) => did)) throw new Error('tried again');
        if (asked.probe === 'Timeout' || asked.probe === 'Unavailable')
          expect(choice.action).not.toBe('RestartKubelet');
      }),
    );
  });
});
