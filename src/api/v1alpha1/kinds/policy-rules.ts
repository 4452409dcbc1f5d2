/**
 * CEL rules against policies that defeat themselves: fields that are valid one by one, with which nothing would ever be done,
 * or a bound would never be reached. They stand on the policy alone. The plan of an incident is a copy of a policy that may be
 * older than they are, and has none.
 *
 * A section that is not changed is not asked again (Kubernetes: CRD validation ratcheting, on since 1.30). The spec as a whole
 * changes with each field, `paused` too, so rules that join sections let pass what is stored by `oldSelf`.
 */
import { DURATION_PATTERN, type CelRule } from '../../schema.ts';

type PolicyRule = Required<Pick<CelRule, 'rule' | 'message' | 'fieldPath'>>;

/**
 * The API server asks the rules of the CRD's own defaults too, which are empty objects. All fields of a section have a default:
 * where one is there, all are.
 */
function whereSet(field: string, rules: readonly PolicyRule[]): readonly CelRule[] {
  return rules.map((one) => ({ ...one, rule: `!has(self.${field}) || ${whereRead(one)}(${one.rule})` }));
}

/** CEL: that a duration is malformed is said at its field, and once. */
function whereRead({ rule }: PolicyRule): string {
  const fields = new Set([...rule.matchAll(/duration\((self\.[\w.]+)\)/g)].map(([, field = '']) => field));
  return [...fields].map((field) => `!${field}.matches(r'${DURATION_PATTERN.source}') || `).join('');
}

function atLeast(field: string, least: string, why: string): PolicyRule {
  return {
    rule: `duration(self.${field}) >= duration('${least}')`,
    message: `must be at least ${least}: ${why}`,
    fieldPath: `.${field}`,
  };
}

export const DETECTION_RULES: readonly CelRule[] = whereSet('flapping', [
  {
    rule: "duration(self.flapping.within).getMilliseconds() > (self.flapping.episodes - 1) * duration('3m').getMilliseconds()",
    message:
      'must be longer than 3m for each episode after the first: PLEG is unhealthy after 3m, so they never fall closer',
    fieldPath: '.flapping.within',
  },
  {
    rule: "!has(self.runtimeHungAfter) || duration(self.runtimeHungAfter) < duration('3m') + duration(self.sustainedFor)",
    message: 'must be shorter than 3m + sustainedFor: by then the unhealthy PLEG has opened an incident',
    fieldPath: '.runtimeHungAfter',
  },
]);

export const EVIDENCE_RULES: readonly CelRule[] = whereSet('deadline', [
  atLeast('deadline', '5s', 'no dump is taken and reported in less, and the gate would find no evidence'),
  {
    rule: 'self.dumps * duration(self.dumpInterval).getMilliseconds() <= duration(self.deadline).getMilliseconds()',
    message: 'dumps x dumpInterval must not be more than deadline: the last dumps would never be taken',
    fieldPath: '.dumpInterval',
  },
  {
    rule: '4 * (self.dumps - 1) * duration(self.dumpInterval).getMilliseconds() < 3 * duration(self.deadline).getMilliseconds()',
    message: 'the last dump must begin within three quarters of deadline: the rest is for the report',
    fieldPath: '.dumpInterval',
  },
  atLeast('logWindow', '1m', 'the lines that tell of the fault would not be in it'),
  atLeast('retention.maxAge', '10m', 'an incident and its evidence would be deleted before anybody has read them'),
]);

export const REMEDIATION_RULES: readonly CelRule[] = whereSet('verify', [
  atLeast('verify.timeout', '30s', 'no restarted kubelet is Ready much sooner, and each action would count as failed'),
  atLeast('verify.stableFor', '1s', 'a node that is still Ready from before would count as recovered'),
]);

export const BUDGET_RULES: readonly CelRule[] = whereSet('perNode', [
  {
    rule: "type(self.maxUnhealthy) == int ? self.maxUnhealthy != 0 : self.maxUnhealthy != '0%'",
    message:
      'must be more than 0: the stuck node is unhealthy itself, so nothing would ever be restarted (to stop: paused)',
    fieldPath: '.maxUnhealthy',
  },
  {
    rule: "duration(self.perNode.within).getMilliseconds() >= self.perNode.attempts * duration('1m').getMilliseconds()",
    message: 'must be at least 1m for each of the attempts: a recovery takes that long, so they would never be used up',
    fieldPath: '.perNode.within',
  },
]);

/** A rule that joins sections: it holds where these fields are as they were. */
function unlessStored(fields: readonly string[], rule: PolicyRule): CelRule {
  const same = fields.map((field) => `self.${field} == oldSelf.value().${field}`).join(' && ');
  return {
    ...rule,
    rule: `!has(self.mode) || (oldSelf.hasValue() && ${same}) || ${whereRead(rule)}${rule.rule}`,
    optionalOldSelf: true,
  };
}

const CONTROL_PLANE_KEYS = "['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master']";

export const SPEC_RULES: readonly CelRule[] = [
  unlessStored(['mode', 'remediation.allowedActions'], {
    rule: "self.mode != 'Remediate' || size(self.remediation.allowedActions) > 0",
    message: 'mode Remediate needs an action that it may take; mode Capture only saves evidence',
    fieldPath: '.remediation.allowedActions',
  }),
  unlessStored(['strategy', 'remediation.holdTimeout'], {
    rule: "self.strategy != 'DiagnoseFirst' || duration(self.remediation.holdTimeout) >= duration('1m')",
    message: 'must be at least 1m with DiagnoseFirst: nobody could decide in less',
    fieldPath: '.remediation.holdTimeout',
  }),
  unlessStored(['mode', 'budget.controlPlane', 'nodeSelector'], {
    rule: [
      "self.mode != 'Remediate' || self.budget.controlPlane != 'Skip'",
      `(!(has(self.nodeSelector.matchLabels) && ${CONTROL_PLANE_KEYS}.exists(k, k in self.nodeSelector.matchLabels)) &&` +
        ` !(has(self.nodeSelector.matchExpressions) && self.nodeSelector.matchExpressions.exists(e,` +
        ` e.key in ${CONTROL_PLANE_KEYS} && e.operator in ['In', 'Exists'])))`,
    ].join(' || '),
    message: 'Skip leaves out control plane nodes, and nodeSelector selects no others: set OneAtATime, or mode Capture',
    fieldPath: '.budget.controlPlane',
  }),
];
