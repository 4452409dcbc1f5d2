import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Diagnosis } from '../../../src/api/v1alpha1/diagnosis.ts';
import { chooseAction, type ActionQuestion } from '../../../src/core/decision/choose-action.ts';

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
  return chooseAction({ diagnosis: aDiagnosis(), probe: 'Answered', allowed, tried: [], triedBefore: [], ...part });
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

  test('what an earlier incident with the same stack tried is not tried again: the other unit is next', () => {
    expect(ask({ triedBefore: ['RestartKubelet'] })).toMatchObject({
      kind: 'Act',
      action: 'RestartRuntime',
      reason: 'NextRung',
    });
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
      triedBefore: actions,
    });
    fc.assert(
      fc.property(question, (asked) => {
        const choice = chooseAction(asked);
        if (choice.kind === 'HandOver') return;
        expect(asked.allowed).toContain(choice.action);
        expect([...asked.tried, ...asked.triedBefore]).not.toContain(choice.action);
        if (asked.probe === 'Timeout' || asked.probe === 'Unavailable')
          expect(choice.action).not.toBe('RestartKubelet');
      }),
    );
  });
});
