/** Who has which right: the chart's RBAC against a table, each right that it does not name being asked for too. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { ObjectMeta } from '../../../src/api/meta.ts';
import { MANAGER } from '../../contract/subject.ts';
import { renderChart } from '../../support/chart.ts';
import { controlPlaneBinaries } from '../../support/control-plane.ts';
import { NAMESPACE, startIdentities, userOf, type Identities } from '../../support/identities.ts';
import { eventually } from '../../support/real-time.ts';
import type { Right } from './right.ts';
import { RIGHTS, rowOf } from './rights.ts';

const ALL = ['controller.nodeProxy=true', 'medik8sLeases.namespaceExists=true', 'drills.enabled=true'];
const NHC = 'otherOperators.nodeHealthCheck.enabled=true';
const MHC = 'otherOperators.machineHealthCheck.enabled=true';
const REPLACE = 'otherOperators.machineHealthCheck.replaceMachines=true';
const Rule = z.object({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  resourceNames: z.optional(z.array(z.string())),
  verbs: z.array(z.string()),
});
const RoleObject = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.optional(z.string()) }),
  rules: z.array(Rule),
});

/** The rules of the chart's roles, each as one line. */
function renderedRules(sets: readonly string[]): readonly string[] {
  return renderChart(NAMESPACE, sets)
    .filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role')
    .map((object) => RoleObject.parse(object))
    .flatMap(({ metadata, rules }) => rules.map((rule) => ({ metadata, rule })))
    .map(({ metadata, rule }) =>
      lineOf({
        identity: metadata.name.replace('kubelet-medic-', '').replace('-events', ''),
        namespace: metadata.namespace ?? '*',
        group: rule.apiGroups.join(','),
        resources: rule.resources,
        names: rule.resourceNames ?? [],
        verbs: rule.verbs,
      }),
    )
    .sort();
}

type Compared = Pick<Right, 'identity' | 'namespace' | 'group' | 'resources' | 'names' | 'verbs'>;

function lineOf({ identity, namespace, group, resources, names = [], verbs }: Compared): string {
  const sorted = (list: readonly string[]): string => [...list].sort().join(',');
  return [identity, namespace, group, sorted(resources), sorted(names), sorted(verbs)].join(' | ');
}

const inForce = (has: readonly NonNullable<Right['when']>[]): readonly Right[] =>
  RIGHTS.filter(({ when }) => when === undefined || has.includes(when));

describe('the table of rights', () => {
  test.each([
    ['by default', [], []],
    ['with the node proxy, medik8s and drills', ALL, ['nodeProxy', 'medik8s', 'drills']],
    ['where NodeHealthChecks may ask', [NHC], ['otherOperators', 'nhc']],
    ['where MachineHealthChecks may ask', [MHC], ['otherOperators', 'mhc']],
    ['where all may, and Machines are replaced', [NHC, MHC, REPLACE], ['otherOperators', 'nhc', 'mhc', 'replace']],
    ['where nobody may ask, whatever follows', [REPLACE], []],
    ['with a bucket', ['evidence.bucket.name=evidence'], ['bucket']],
  ] as const)('is what the chart grants %s, and all of it', (_what, sets, has) => {
    expect(renderedRules(sets)).toEqual(inForce(has).map(lineOf).sort());
  });

  test.each(['agent.tokenBinding=Pod', 'admissionPolicy.enabled=false'])(
    'has no right on tokens with %s: no policy would hold it',
    (set) => {
      const tokens = inForce([]).filter(({ resources }) => resources.includes('serviceaccounts/token'));
      expect(tokens).toHaveLength(1);
      expect(renderedRules([set])).toEqual(
        inForce([])
          .filter((right) => !tokens.includes(right))
          .map(lineOf)
          .sort(),
      );
      expect(JSON.stringify(renderChart(NAMESPACE, [set]))).not.toContain('--node-token-seconds');
    },
  );

  test('is in docs/threat-model.md', () => {
    const docs = readFileSync(new URL('../../../docs/threat-model.md', import.meta.url), 'utf8');
    const rows = docs.split('\n').map((line) =>
      line
        .replace(/^\| | \|$/g, '')
        .replace(/ +\| +/g, ' | ')
        .trim(),
    );
    expect(RIGHTS.map(rowOf).filter((row) => !rows.includes(row))).toEqual([]);
  });
});

/** What is asked for: all that the table names, and what a thief would look for. */
const VERBS = [
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
  'approve',
  'drill',
] as const;
const OTHERS = [
  ['', 'secrets'],
  ['', 'pods'],
  ['', 'pods/exec'],
  ['', 'pods/ephemeralcontainers'],
  ['', 'configmaps'],
  ['', 'serviceaccounts'],
  ['', 'serviceaccounts/token'],
  ['', 'nodes/proxy'],
  ['', 'nodes/log'],
  ['', 'nodes/metrics'],
  ['', 'nodes/configz'],
  ['apps', 'daemonsets'],
  ['certificates.k8s.io', 'certificatesigningrequests'],
  ['rbac.authorization.k8s.io', 'clusterroles'],
  ['rbac.authorization.k8s.io', 'clusterrolebindings'],
  ['rbac.authorization.k8s.io', 'roles'],
  ['admissionregistration.k8s.io', 'validatingadmissionpolicies'],
  ['admissionregistration.k8s.io', 'validatingadmissionpolicybindings'],
  ['apiextensions.k8s.io', 'customresourcedefinitions'],
  ['kubelet-medic.io', 'kubeletremediations'],
  ['cluster.x-k8s.io', 'machines'],
] as const;
const NAMESPACES = [NAMESPACE, 'medik8s-leases', 'kube-node-lease', 'default', 'kube-system', ''];
const EXTRA = [
  ['', 'users', 'impersonate'],
  ['', 'serviceaccounts', 'impersonate'],
  ['rbac.authorization.k8s.io', 'clusterroles', 'bind'],
  ['rbac.authorization.k8s.io', 'clusterroles', 'escalate'],
] as const;

interface Question {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

function isGranted(identity: string, { verb, group, resource, namespace, name }: Question): boolean {
  return inForce(['medik8s']).some(
    (right) =>
      right.identity === identity &&
      right.group === group &&
      right.resources.includes(resource) &&
      right.verbs.includes(verb) &&
      (right.namespace === '*' || right.namespace === namespace) &&
      (right.names === undefined || right.names.includes(name)),
  );
}

/** Kinds that live in namespaces: each is asked for in several, the others once. */
const NAMESPACED = /^(secrets|pods|configmaps|serviceaccounts|daemonsets|roles|leases|events)(\/|$)/;

function questionsOf(group: string, resource: string, verbs: readonly string[]): readonly Question[] {
  const known = RIGHTS.filter((right) => right.group === group && right.resources.includes(resource));
  const names = known.flatMap((right) => right.names ?? []);
  const asked = names.length === 0 ? [''] : ['', 'other', ...names];
  return verbs.flatMap((verb) =>
    (NAMESPACED.test(resource) ? NAMESPACES : ['']).flatMap((namespace) =>
      asked.map((name) => ({ verb, group, resource, namespace, name })),
    ),
  );
}

function questions(): readonly Question[] {
  const named = RIGHTS.flatMap(({ group, resources }) => resources.map((resource) => [group, resource] as const));
  const kinds = new Map([...named, ...OTHERS].map((kind) => [kind.join('/'), kind]));
  return [
    ...[...kinds.values()].flatMap(([group, resource]) => questionsOf(group, resource, VERBS)),
    ...EXTRA.flatMap(([group, resource, verb]) => questionsOf(group, resource, [verb])),
  ];
}

const Review = z.object({ status: z.object({ allowed: z.boolean() }) });
const REVIEWS = {
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
  parse: (raw: unknown) => ({ metadata: ObjectMeta.parse({ name: '' }), ...Review.parse(raw) }),
};

describe('on a real API server', () => {
  let ids: Identities;

  async function isAllowed(user: string, { resource, ...question }: Question): Promise<boolean> {
    const [plural, subresource = ''] = resource.split('/');
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${NAMESPACE}`, 'system:authenticated'];
    const spec = { user, groups, resourceAttributes: { ...question, resource: plural, subresource } };
    return (await ids.admin.create(REVIEWS, { metadata: {}, spec }, MANAGER)).status.allowed;
  }

  /**
   * What `kubectl auth can-i --list` says to an identity, without the blanks at the ends of lines, and without the URLs that
   * are no resources: those are everybody's (ClusterRoles system:discovery and system:public-info-viewer).
   */
  function listed(token: string): string {
    const { plane } = ids;
    const ca = join(plane.folder, 'ca-of-kubectl.crt');
    writeFileSync(ca, plane.ca);
    const argv = ['auth', 'can-i', '--list', '-n', NAMESPACE, '--server', `https://127.0.0.1:${plane.port}`];
    const options = ['--certificate-authority', ca, '--token', token];
    const env = { ...process.env, KUBECONFIG: '/dev/null', HOME: plane.folder };
    const text = execFileSync(join(controlPlaneBinaries(), 'kubectl'), [...argv, ...options], {
      encoding: 'utf8',
      env,
    });
    const lines = text.split('\n').filter((line) => !line.includes('[/'));
    return lines
      .map((line) => line.trimEnd())
      .join('\n')
      .trim();
  }

  beforeAll(async () => {
    ids = await startIdentities('medik8sLeases.namespaceExists=true');
    for (const role of ['view', 'evidence-reader', 'capture', 'approve', 'admin']) {
      await ids.person(role, `kubelet-medic-${role}`);
    }
    const last = { verb: 'list', group: 'kubelet-medic.io', resource: 'kubeletincidents', namespace: '', name: '' };
    await eventually('the roles are in force', () => isAllowed(userOf('admin'), last));
  }, 180_000);

  afterAll(async () => {
    await ids.stop();
  });

  test.each(['agent', 'controller', 'clean-up', 'view', 'evidence-reader', 'capture', 'approve', 'admin'])(
    '%s may do what the table says, and nothing else that it is asked for',
    async (identity) => {
      const isProgram = identity === 'agent' || identity === 'controller' || identity === 'clean-up';
      const user = userOf(isProgram ? `kubelet-medic-${identity}` : identity);
      const all = questions();
      const wrong: (Question & { readonly allowed: boolean })[] = [];
      for (let at = 0; at < all.length; at += 50) {
        const answers = all.slice(at, at + 50).map(async (question) => {
          const allowed = await isAllowed(user, question);
          if (allowed !== isGranted(identity, question)) wrong.push({ ...question, allowed });
        });
        await Promise.all(answers);
      }
      expect(wrong).toEqual([]);
      expect(all.filter((question) => isGranted(identity, question)).length).toBeGreaterThan(0);
    },
  );

  test.each([
    ['controller', undefined],
    ['agent', 'node-a'],
  ])('docs/install.md prints what the %s may do', async (program, node) => {
    const docs = readFileSync(new URL('../../../docs/install.md', import.meta.url), 'utf8');
    expect(docs).toContain(listed(await ids.tokenOf(`kubelet-medic-${program}`, node)));
  });

  test('a person with the built-in view sees what the operator does, and no evidence', async () => {
    await ids.person('everybody', 'view');
    const question = { verb: 'list', group: 'kubelet-medic.io', namespace: '', name: '' };
    // The aggregation of roles is done by kube-controller-manager, which is not here: the label is what we give it.
    const view = renderChart(NAMESPACE).find(({ metadata }) => metadata.name === 'kubelet-medic-view');
    expect(view?.metadata.labels).toMatchObject({ 'rbac.authorization.k8s.io/aggregate-to-view': 'true' });
    expect(await isAllowed(userOf('everybody'), { ...question, resource: 'kubeletevidences' })).toBe(false);
    const labelled = renderChart(NAMESPACE).filter(({ metadata }) =>
      JSON.stringify(metadata).includes('aggregate-to-'),
    );
    expect(labelled.map(({ metadata }) => metadata.name)).toEqual(['kubelet-medic-view', 'kubelet-medic-admin']);
    expect(JSON.stringify(renderChart(NAMESPACE, ['aggregateRoles=false']))).not.toContain('aggregate-to-');
  });
});
