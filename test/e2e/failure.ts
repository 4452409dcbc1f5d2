/** What an engineer needs after a failure: all of it in a folder, the gist on the screen. */
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { execOn, kubectl, STATE } from './lab.ts';

const FOLDER = '/tmp/kubelet-medic-e2e-failure';
const NAMESPACE = 'kubelet-medic';

function logs(component: 'agent' | 'controller', ...more: readonly string[]): Promise<string> {
  const selector = `app.kubernetes.io/component=${component}`;
  return kubectl('logs', '-n', NAMESPACE, '-l', selector, '--prefix', '--ignore-errors', ...more);
}

/** What an earlier run has left. */
export function clearFailure(): void {
  rmSync(FOLDER, { recursive: true, force: true });
}

/** @param when names the folder within the folder. */
export async function saveFailure(when: string, nodes: readonly string[]): Promise<void> {
  const folder = `${FOLDER}/${when}`;
  mkdirSync(folder, { recursive: true });
  const pieces: readonly (readonly [string, () => Promise<string>])[] = [
    ['incidents.yaml', () => kubectl('get', 'ki,kh,krp', '-o', 'yaml')],
    ['describe.txt', () => kubectl('describe', 'ki')],
    ['pods.txt', () => kubectl('get', 'pods,nodes', '-A', '-o', 'wide')],
    ['pods-describe.txt', () => kubectl('describe', 'pods', '-n', NAMESPACE)],
    ['events.txt', () => kubectl('get', 'events', '-A', '--sort-by=.lastTimestamp')],
    ['controller.log', () => logs('controller', '--tail=-1')],
    ['controller-previous.log', () => logs('controller', '--tail=-1', '--previous')],
    ['agents.log', () => logs('agent', '--tail=-1')],
    ...nodes.map((name) => [`${name}-journal.log`, () => execOn(name, 'journalctl', '-n', '4000')] as const),
  ];
  for (const [name, read] of pieces)
    writeFileSync(`${folder}/${name}`, await read().catch((error: unknown) => String(error)));
  for (const name of readdirSync(STATE).filter((file) => file.endsWith('.log')))
    copyFileSync(`${STATE}/${name}`, `${folder}/${name}`);
}

/** The tables, and the end of both programs' logs. */
export async function printFailure(): Promise<void> {
  const pieces = [
    kubectl('get', 'ki,kh,pods', '-n', NAMESPACE, '-o', 'wide'),
    logs('controller', '--tail=20'),
    logs('agent', '--tail=8'),
  ];
  for (const piece of await Promise.allSettled(pieces))
    console.log(`\n${piece.status === 'fulfilled' ? piece.value.trim() : String(piece.reason)}`);
  console.log(`\nAll that there is to know of the failure is in ${FOLDER}`);
}
