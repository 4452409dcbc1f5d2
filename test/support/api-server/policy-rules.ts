/** The CEL rules against policies that defeat themselves, as functions. */
import { durationMs } from '../../../src/core/time/duration.ts';
import { isEqual, isObject, textAt, type Json } from './json.ts';

type Rule = (self: Json, old: Json | undefined) => boolean;

function at(value: Json | undefined, path: string): Json | undefined {
  return path.split('.').reduce((now, key) => (isObject(now) ? now[key] : undefined), value);
}

function ms(self: Json, path: string): number {
  const value = at(self, path);
  return typeof value === 'string' ? durationMs(value) : Number.NaN;
}

const count = (self: Json, path: string): number => Number(at(self, path));
const MINUTE = 60_000;

function isControlPlaneSelector(selector: Json | undefined): boolean {
  const keys = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];
  const labels = at(selector, 'matchLabels');
  const expressions = at(selector, 'matchExpressions');
  return (
    keys.some((key) => isObject(labels) && key in labels) ||
    (Array.isArray(expressions) &&
      expressions.some(
        (one) => keys.includes(textAt(one, 'key') ?? '') && ['In', 'Exists'].includes(textAt(one, 'operator') ?? ''),
      ))
  );
}

/** By a piece of the text that no other rule has. */
const RULES: readonly (readonly [piece: string, rule: Rule])[] = [
  ['self.flapping.within', (self) => ms(self, 'flapping.within') > (count(self, 'flapping.episodes') - 1) * 3 * MINUTE],
  [
    'self.runtimeHungAfter',
    (self) =>
      at(self, 'runtimeHungAfter') === undefined ||
      ms(self, 'runtimeHungAfter') < 3 * MINUTE + ms(self, 'sustainedFor'),
  ],
  ['self.dumps *', (self) => count(self, 'dumps') * ms(self, 'dumpInterval') <= ms(self, 'deadline')],
  ['self.dumps - 1', (self) => 4 * (count(self, 'dumps') - 1) * ms(self, 'dumpInterval') < 3 * ms(self, 'deadline')],
  ['self.maxUnhealthy != 0', (self) => at(self, 'maxUnhealthy') !== 0 && at(self, 'maxUnhealthy') !== '0%'],
  ['self.perNode.within', (self) => ms(self, 'perNode.within') >= count(self, 'perNode.attempts') * MINUTE],
  [
    'size(self.remediation.allowedActions) > 0',
    (self) => at(self, 'mode') !== 'Remediate' || !isEqual(at(self, 'remediation.allowedActions') ?? [], []),
  ],
  [
    'duration(self.remediation.holdTimeout)',
    (self) => at(self, 'strategy') !== 'DiagnoseFirst' || ms(self, 'remediation.holdTimeout') >= MINUTE,
  ],
  [
    "self.budget.controlPlane != 'Skip'",
    (self) =>
      at(self, 'mode') !== 'Remediate' ||
      at(self, 'budget.controlPlane') !== 'Skip' ||
      !isControlPlaneSelector(at(self, 'nodeSelector')),
  ],
];

/** @returns undefined if it is none of them. */
export function policyRule(rule: string): Rule | undefined {
  const [, field = '', least = ''] = /\(duration\(self\.([\w.]+)\) >= duration\('(\w+)'\)\)$/.exec(rule) ?? [];
  if (field !== '') return (self) => ms(self, field) >= durationMs(least);
  const known = RULES.find(([piece]) => rule.includes(piece))?.[1];
  if (known === undefined || !rule.includes('(oldSelf.hasValue() && ')) return known;
  const stored = rule.slice(0, rule.indexOf(') || ')).matchAll(/oldSelf\.value\(\)\.([\w.]+)/g);
  const fields = [...stored].map(([, path = '']) => path);
  return (self, old) =>
    (old !== undefined && fields.every((path) => isEqual(at(self, path) ?? null, at(old, path) ?? null))) ||
    known(self, old);
}
