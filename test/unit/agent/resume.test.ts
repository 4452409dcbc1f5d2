import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { HostNow } from '../../../src/agent/act/judge-act.ts';
import { resume } from '../../../src/agent/act/resume-verdict.ts';
import type { Reading } from '../../../src/agent/health/observation.ts';
import type { ActRecord } from '../../../src/core/decision/actions.ts';
import type { UnitFacts } from '../../../src/ports/host.ts';
import { at } from '../../support/builders/objects.ts';
import { aUnit, BEFORE } from './units.ts';

function record(change: Partial<ActRecord> = {}): ActRecord {
  return {
    name: 'act-1',
    action: 'RestartKubelet',
    state: 'Reserved',
    unit: 'kubelet.service',
    reservedAt: at(0),
    before: { ...BEFORE, bootID: 'boot-1' },
    ...change,
  };
}

function known(facts: Partial<UnitFacts> = {}): Reading<UnitFacts> {
  return { kind: 'known', value: aUnit(facts) };
}

describe('an act that was reserved and not reported', () => {
  const BOOT = 'boot-1';
  const same = { unit: known(), bootID: BOOT };
  const moving = (activeState: string): HostNow => ({ unit: known({ activeState }), bootID: BOOT });
  const another = known({ invocationID: 'b'.repeat(32) });
  const oldSystemd = { unit: known({ invocationID: '' }), bootID: undefined };
  const unreadable: Reading<UnitFacts> = { kind: 'unreadable', message: 'dbus' };

  test.each<[string, ActRecord, HostNow, string]>([
    ['the unit is as before', record(), same, 'issue'],
    ['the unit is as before, and the command may have been issued', record({ issuedAt: at(1) }), same, 'ambiguous'],
    ['the unit is another one', record(), { unit: another, bootID: BOOT }, 'done'],
    ['systemd is stopping the unit', record(), moving('deactivating'), 'watch'],
    ['systemd is starting the unit', record({ issuedAt: at(1) }), moving('activating'), 'watch'],
    ['the host has booted', record(), { unit: another, bootID: 'boot-2' }, 'done'],
    ['the unit is not found', record(), { unit: { kind: 'absent' }, bootID: BOOT }, 'ambiguous'],
    ['the unit cannot be read', record(), { unit: unreadable, bootID: BOOT }, 'ambiguous'],
    ['another unit is found now', record(), { unit: known({ unit: 'k3s.service' }), bootID: BOOT }, 'ambiguous'],
    ['nothing was noted before', record({ before: undefined }), same, 'ambiguous'],
    ['a reboot has happened', record({ action: 'RebootNode' }), { unit: known(), bootID: 'boot-2' }, 'done'],
    ['a reboot may have been asked for', record({ action: 'RebootNode', issuedAt: at(0) }), same, 'await-reboot'],
    ['a reboot cannot be told', record({ action: 'RebootNode' }), { unit: known(), bootID: undefined }, 'ambiguous'],
    ['an old systemd, the same PID', record({ before: { pid: 100, invocationID: '' } }), oldSystemd, 'issue'],
    ['a reboot was not asked for', record({ action: 'RebootNode' }), same, 'issue'],
    ['the boot before is not known', record({ before: BEFORE }), same, 'issue'],
    [
      'its start is not told any more, the same PID',
      record(),
      { unit: known({ invocationID: '' }), bootID: BOOT },
      'issue',
    ],
    ['its start was not told before, the same PID', record({ before: { pid: 100, invocationID: '' } }), same, 'issue'],
    [
      'an old systemd, no process',
      record({ before: { pid: 99, invocationID: '' } }),
      { unit: known({ invocationID: '', mainPID: 0 }), bootID: undefined },
      'issue',
    ],
    ['an old systemd, another PID', record({ before: { pid: 99, invocationID: '' } }), oldSystemd, 'done'],
  ])('%s', (_name, reserved, now, kind) => {
    expect(resume(reserved, now).kind).toBe(kind);
  });

  test('is never issued again unless the unit is seen to be the same and at rest, and no issue was written', () => {
    const units = fc.record({
      activeState: fc.constantFrom('active', 'inactive', 'failed', 'activating', 'deactivating', 'reloading'),
      invocationID: fc.constantFrom(BEFORE.invocationID, 'b'.repeat(32), ''),
      mainPID: fc.constantFrom(0, BEFORE.pid, 777),
      unit: fc.constantFrom('kubelet.service', 'k3s.service'),
    });
    const readings = fc.oneof(
      units.map((facts) => known(facts)),
      fc.constant<Reading<UnitFacts>>({ kind: 'absent' }),
      fc.constant<Reading<UnitFacts>>({ kind: 'unreadable', message: 'x' }),
    );
    fc.assert(
      fc.property(readings, fc.constantFrom('boot-1', 'boot-2', undefined), fc.boolean(), (unit, bootID, issued) => {
        const verdict = resume(record(issued ? { issuedAt: at(1) } : {}), { unit, bootID });
        if (verdict.kind !== 'issue') return;
        expect(issued).toBe(false);
        expect(bootID).not.toBe('boot-2');
        expect(unit.kind).toBe('known');
        if (unit.kind !== 'known') return;
        expect(['active', 'inactive', 'failed']).toContain(unit.value.activeState);
        const sameInvocation = unit.value.invocationID === BEFORE.invocationID;
        const samePid = unit.value.invocationID === '' && [0, BEFORE.pid].includes(unit.value.mainPID);
        expect(sameInvocation || samePid).toBe(true);
      }),
    );
  });
});
