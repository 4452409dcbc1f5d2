/**
 * Every command that a document tells people to type is typed: into bash, with the real kubectl, helm and plugin, against a real
 * API server with the chart and a small fleet (`fleet.ts`). It must end as the document says: with 0, or as a comment beside it
 * has it (`exit code N`). `test/support/documents/cases.ts` has what placeholders stand for, and what is not run and why.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ASKS, RUN_HERE, UNTIL_STOPPED } from '../../support/documents/cases.ts';
import {
  filled,
  headOf,
  isListedAsNotRun,
  programsOf,
  sessions,
  type DocumentedCommand,
  type Session,
} from '../../support/documents/commands.ts';
import { startChild, type Child } from '../../support/child.ts';
import { recovered } from '../../support/report/scenarios.ts';
import { contentOf, restoreIncidents, restoreNodes, restoreObjects, SAVED } from './fleet.ts';
import { mustRun, startMachine, type Machine } from './machine.ts';
import { openWorkshop, type Workshop } from './workshop.ts';

const NAMESPACE = 'kubelet-medic';
const AGENT = fileURLToPath(new URL('../../../src/bin/agent.ts', import.meta.url));
const MONITORS = fileURLToPath(new URL('../../lab/prometheus-crds.sh', import.meta.url));
const HELM = fileURLToPath(new URL('../../lab/helm.sh', import.meta.url));

let machine: Machine;
let shop: Workshop;
let agent: Child | undefined;

/** Each text once, however many documents have it. */
function toRun(): readonly Session[] {
  const seen = new Set<string>();
  return sessions().flatMap(({ at, commands }) => {
    const run = commands.filter((command) => !isListedAsNotRun(command));
    const key = run.map(({ text }) => filled(text)).join('\n');
    if (run.length === 0 || seen.has(key)) return [];
    seen.add(key);
    return [{ at, commands: run }];
  });
}

async function mustType(line: string): Promise<void> {
  const { exit, printed } = await shop.type(line);
  if (exit !== 0) throw new Error(`${line}\n${printed}`);
}

async function install(): Promise<void> {
  const flags = `-n ${NAMESPACE} --create-namespace --reset-values --set agent.metricsHost=0.0.0.0`;
  await mustType(`helm upgrade --install kubelet-medic charts/kubelet-medic ${flags}`);
  await restoreObjects(machine);
  for (const one of ['deploy/kubelet-medic-controller', 'daemonset/kubelet-medic-agent']) {
    await mustType(`kubectl rollout status ${one} -n ${NAMESPACE} --timeout=60s`);
  }
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'kubelet-medic-controller' } };
  await machine.api('POST', `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`, lease, [409]);
  agent ??= startAgent();
}

/** The controller's Lease as its pod would have it: renewed while its Deployment is there, and given back as it goes. */
async function beat(): Promise<void> {
  const name = 'kubelet-medic-controller';
  const apps = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}`;
  const found = (await machine.api('GET', apps, undefined, [404])) as { readonly kind?: string };
  const holderIdentity = found.kind === 'Deployment' ? 'pod-1' : '';
  // A MicroTime has six digits.
  const renewTime = new Date().toISOString().replace('Z', '000Z');
  const lease = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/${name}`;
  await machine.api('PATCH', lease, { spec: { holderIdentity, renewTime } }, [404]);
}

/** A cluster in which nothing of ours has ever been. */
async function takeAway(): Promise<void> {
  // Its account goes, and with it its token.
  await agent?.stop();
  agent = undefined;
  await mustType(`helm ls -q -n ${NAMESPACE} | xargs -r -n 1 helm uninstall --no-hooks -n ${NAMESPACE}`);
  await mustType("kubectl get crd -o name | sed -n '/kubelet-medic.io$/p' | xargs -r kubectl delete");
  await mustType(`kubectl delete namespace ${NAMESPACE} --ignore-not-found --timeout=60s`);
}

/** The agent of the node whose incident is saved: a real one, with its spool. */
function startAgent(): Child {
  const { plane, kubeconfig, kubectl } = machine;
  const at = (name: string): string => join(plane.folder, name);
  const bundle = join(at('agent'), 'spool', SAVED.incident);
  mkdirSync(bundle, { recursive: true });
  for (const entry of recovered().incident.status.evidence ?? []) {
    if (entry.location?.startsWith('spool://') === true) writeFileSync(join(bundle, entry.name), contentOf(entry));
  }
  const bound = ['--bound-object-kind=Node', `--bound-object-name=${SAVED.node}`];
  const argv = ['--kubeconfig', kubeconfig, '-n', NAMESPACE, 'create', 'token', 'kubelet-medic-agent', ...bound];
  writeFileSync(at('token-of-agent'), mustRun(kubectl, argv, shop.env).trim(), { mode: 0o600 });
  writeFileSync(at('ca-of-agent.crt'), plane.ca);
  const flags = {
    'node-name': SAVED.node,
    'log-source': `file:${at('agent')}/kubelet*.log`,
    'host-pid-namespace': 'none',
    'state-dir': at('agent'),
    'metrics-address': '127.0.0.1:0',
    server: `https://127.0.0.1:${plane.port}`,
    'ca-file': at('ca-of-agent.crt'),
    'token-file': at('token-of-agent'),
  };
  const words = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  return startChild(process.execPath, [AGENT, ...words], at('agent.log'));
}

beforeAll(async () => {
  machine = await startMachine();
  shop = openWorkshop(machine, execFileSync(HELM, { encoding: 'utf8' }).trim());
  shop.tidy([]);
  await restoreNodes(machine);
  // Kinds of the Prometheus operator, for what documents turn on.
  await mustType(`kubectl create -f ${execFileSync(MONITORS, { encoding: 'utf8' }).trim()}`);
  await install();
}, 900_000);

afterAll(async () => {
  await agent?.stop();
  await machine.stop();
});

/** Pods have names that nobody knows before. */
async function withPod(text: string): Promise<string> {
  if (!/(?<![\w-])agent-pod(?![\w-])/.test(text)) return text;
  const label = 'app.kubernetes.io/component=agent';
  const { printed } = await shop.type(
    `kubectl get pods -n ${NAMESPACE} -l ${label} -o jsonpath='{.items[0].metadata.name}'`,
  );
  return text.replaceAll('agent-pod', printed.trim());
}

const STOP_AFTER_SECONDS = 6;

/** What ends otherwise than the document says, with all that it printed; empty where all is well. */
async function wrongIn(
  commands: readonly DocumentedCommand[],
  before: () => Promise<void>,
): Promise<readonly string[]> {
  for (const { text, at, exit, head } of commands) {
    await beat();
    await before();
    const line = await withPod(filled(text));
    const strange = programsOf(line).filter((program) => !RUN_HERE.includes(program));
    if (strange.length > 0) return [`${at}: ${line}`, `neither run here nor listed: ${strange.join(', ')}`];
    if (UNTIL_STOPPED.some((one) => one.test(text))) {
      const ended = await shop.interrupt(line, STOP_AFTER_SECONDS);
      if (!ended.isLate) return [`${at}: ${line}`, 'it ended by itself', ended.printed];
      continue;
    }
    const ended = await shop.type(ASKS.some((one) => one.test(text)) ? `echo yes | ${line}` : line);
    if (ended.exit !== exit) return [`${at}: ${line}`, `exit code ${ended.exit}, not ${exit}`, ended.printed];
    const [first = ''] = ended.printed.split('\n');
    if (head !== undefined && headOf(first)?.join() !== head.join())
      return [`${at}: ${line}`, first, `not ${head.join()}`];
  }
  return [];
}

test('the check itself sees an end that is not the one told, and a table with other columns', async () => {
  const typed = { at: 'here', exit: 0, head: undefined };
  const nothing = (): Promise<void> => Promise.resolve();
  shop.tidy([]);
  expect(await wrongIn([{ ...typed, text: 'kubectl get nodes' }], nothing)).toEqual([]);
  expect((await wrongIn([{ ...typed, text: 'kubectl get nothing' }], nothing))[1]).toBe('exit code 1, not 0');
  expect((await wrongIn([{ ...typed, text: 'kubectl get nodes', exit: 5 }], nothing))[1]).toBe('exit code 0, not 5');
  expect((await wrongIn([{ ...typed, text: 'kubectl get x | cat' }], nothing))[1]).toBe('exit code 1, not 0');
  const other = await wrongIn([{ ...typed, text: 'kubectl get nodes', head: ['NAME', 'STATE', 'AGE'] }], nothing);
  expect(other[2]).toBe('not NAME,STATE,AGE');
  expect((await wrongIn([{ ...typed, text: 'rm -rf /none' }], nothing))[1]).toBe('neither run here nor listed: rm');
  expect(await shop.interrupt('kubectl get nodes', 60)).toMatchObject({ isLate: false });
});

test.each(toRun().map((session) => [session.at, session] as const))(
  '%s ends as it says',
  async (_at, { commands }) => {
    const whole = commands.map(({ text }) => text).join('\n');
    const begins = /\bhelm install\b/.test(whole);
    const changes = begins || /\bhelm upgrade|\buninstall\b|delete crd|namespace |kubectl scale/.test(whole);
    shop.tidy(commands.map(({ text }) => filled(text)));
    if (begins) await takeAway();
    else await restoreObjects(machine);
    await restoreNodes(machine);
    try {
      expect(await wrongIn(commands, () => (changes ? Promise.resolve() : restoreIncidents(machine)))).toEqual([]);
    } finally {
      if (begins || /\buninstall\b/.test(whole)) await takeAway();
      if (changes) await install();
    }
  },
  300_000,
);
