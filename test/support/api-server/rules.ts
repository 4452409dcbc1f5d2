/** The CEL rules of our CRDs as functions, told apart by their text. A rule that has no function here stops the server. */
import type { StructuralSchema } from '../../../tools/generate/structural.ts';
import { isEqual, isObject, listAt, textAt, type Json, type JsonObject } from './json.ts';
import { policyRule } from './policy-rules.ts';

/** `old` is undefined where there was no such value before; rules on `oldSelf` are not asked then. */
type Rule = (self: Json, old: Json | undefined) => boolean;

interface CelRule {
  readonly rule: string;
  readonly message: string;
  /** Empty: the place of the rule itself. */
  readonly fieldPath: string;
  readonly isOptionalOld: boolean;
}

export function rulesOf(schema: StructuralSchema): readonly CelRule[] {
  return (schema['x-kubernetes-validations'] ?? []).map(
    ({ rule, message = `failed rule: ${rule}`, fieldPath = '', optionalOldSelf = false }) => ({
      ...{ rule, message, fieldPath },
      isOptionalOld: optionalOldSelf,
    }),
  );
}

/** @returns whether the rule holds. */
export function holds(rule: CelRule, self: Json, old: Json | undefined): boolean {
  const check = ruleFunction(rule.rule);
  if (check === undefined) throw new Error(`no function for the CEL rule: ${rule.rule}`);
  return (old === undefined && !rule.isOptionalOld && rule.rule.includes('oldSelf')) || check(self, old);
}

export function assertRulesAreKnown(schema: StructuralSchema): void {
  for (const { rule } of rulesOf(schema)) {
    if (ruleFunction(rule) === undefined)
      throw new Error(`test/support/api-server/rules.ts has no function for: ${rule}`);
  }
  const children = [schema.items, schema.additionalProperties, ...Object.values(schema.properties ?? {})];
  for (const child of children) if (child !== undefined) assertRulesAreKnown(child);
}

function ruleFunction(rule: string): Rule | undefined {
  return RULES[rule] ?? patternRule(rule) ?? policyRule(rule) ?? conditionRule(rule);
}

const object = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const same = (...keys: readonly string[]): Rule => {
  return (self, old) => keys.every((key) => isEqual(object(self)[key], object(old)[key]));
};

const RULES: Readonly<Record<string, Rule>> = {
  'self.nodeName == oldSelf.nodeName && self.nodeUID == oldSelf.nodeUID': same('nodeName', 'nodeUID'),
  'self.trigger == oldSelf.trigger': same('trigger'),
  'self == oldSelf': (self, old) => isEqual(self, old ?? null),
  'self.part < self.parts': (self) => Number(object(self)['part'] ?? 0) < Number(object(self)['parts'] ?? 1),
  'self.plan == oldSelf.plan': same('plan'),
  'has(self.drill) == has(oldSelf.drill) && (!has(self.drill) || self.drill == oldSelf.drill)': same('drill'),
  "has(self.drill) == (self.trigger.type == 'Drill')": (self) =>
    (object(self)['drill'] !== undefined) === (textAt(object(self)['trigger'], 'type') === 'Drill'),
  '!has(oldSelf.approval) || (has(self.approval) && self.approval == oldSelf.approval)': (self, old) =>
    object(old)['approval'] === undefined || same('approval')(self, old),
  '!has(oldSelf.actions) || (has(self.actions) && oldSelf.actions.all(o, self.actions.exists(n, n.name == o.name)))': (
    self,
    old,
  ) => {
    const names = new Set(listAt(self, 'actions').map((action) => textAt(action, 'name')));
    return listAt(old, 'actions').every((action) => names.has(textAt(action, 'name')));
  },
  '!has(oldSelf.trimmed) || (has(self.trimmed) && self.trimmed == oldSelf.trimmed)': (self, old) =>
    object(old)['trimmed'] === undefined || same('trimmed')(self, old),
  "!has(oldSelf.bucket) || (has(self.bucket) && (oldSelf.bucket.state == 'Waiting' || self.bucket == oldSelf.bucket))":
    (self, old) => {
      const before = object(old)['bucket'];
      if (before === undefined) return true;
      const isWaiting = object(before)['state'] === 'Waiting' && object(self)['bucket'] !== undefined;
      return isWaiting || same('bucket')(self, old);
    },
  '!has(oldSelf.status) || has(self.status)': (self, old) =>
    object(old)['status'] === undefined || object(self)['status'] !== undefined,
  "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)": (self) =>
    ['In', 'NotIn'].includes(textAt(self, 'operator') ?? '') === listAt(self, 'values').length > 0,
  "type(self) == int ? self >= 0 : self.matches('^(100|[1-9]?[0-9])%$')": (self) =>
    typeof self === 'number' ? self >= 0 : typeof self === 'string' && /^(100|[1-9]?[0-9])%$/.test(self),
};

/** `self.matches(r'PATTERN')`, a raw text. */
function patternRule(rule: string): Rule | undefined {
  const pattern = /^self\.matches\(r'(.*)'\)$/s.exec(rule)?.[1];
  return pattern === undefined ? undefined : (self) => typeof self === 'string' && new RegExp(pattern, 'u').test(self);
}

function hasCondition(status: Json | undefined, type: string, isWanted: (value: string) => boolean): boolean {
  return listAt(status, 'conditions').some(
    (condition) => textAt(condition, 'type') === type && isWanted(textAt(condition, 'status') ?? ''),
  );
}

/** The two rules on the conditions of an incident are long, so they are known by what is special in them. */
function conditionRule(rule: string): Rule | undefined {
  if (rule.includes("'ActionTaken'") && rule.includes("'EvidenceCaptured'")) {
    return (self) =>
      !hasCondition(self, 'ActionTaken', (value) => value === 'True') ||
      hasCondition(self, 'EvidenceCaptured', (value) => value !== 'Unknown');
  }
  if (rule.includes("'Complete'")) {
    const fields = [...rule.matchAll(/self\.(\w+) == oldSelf\.\1/g)].map(([, field = '']) => field);
    return (self, old) =>
      !hasCondition(old, 'Complete', (value) => value === 'True') ||
      fields.every((field) => isEqual(object(self)[field] ?? null, object(old)[field] ?? null));
  }
  return undefined;
}
