/**
 * Guards of docs/safety.md that can be taken away to see that the model notices: `npm run model -- --without NAME`, or `all`.
 * The code is changed as it is loaded; nothing is written.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

export interface Guard {
  /** The guarantee that it holds. */
  readonly of: string;
  /** From the root of the repository. */
  readonly file: string;
  /** It is there once. */
  readonly code: string;
  readonly instead: string;
}

export const GUARDS: Readonly<Record<string, Guard>> = {
  'attempts-per-node': {
    of: 'G3',
    file: 'src/core/decision/policy/budget.ts',
    code: 'if (recent.length < budget.perNode.attempts) return undefined;',
    instead: 'if (recent.length >= 0) return undefined;',
  },
  'agents-precondition': {
    of: 'G3',
    file: 'src/agent/record.ts',
    code: 'metadata: { name, resourceVersion },',
    instead: 'metadata: { name },',
  },
  'confirmed-by-list': {
    of: 'G4',
    file: 'src/core/decision/policy/places.ts',
    code: "if (objection !== undefined) return { kind: 'TakenBack', objection };",
    instead: "if (objection !== undefined) return { kind: 'Confirmed' };",
  },
  'list-not-copy': {
    of: 'G4',
    file: 'src/controller/incident/reconcile-incident.ts',
    code: 'view.placesIn(await world.cluster.list(INCIDENTS, { fieldSelector: OPEN_INCIDENTS }))',
    instead: 'view.placesIn({ items: view.incidents.list(), malformed: [] })',
  },
  'unknown-writes-count': {
    of: 'G4',
    file: 'src/controller/view/local-view.ts',
    code: 'if (uncertain.size === 0) return incidents;',
    instead: 'if (uncertain.size >= 0) return incidents;',
  },
  'own-cordon': {
    of: 'G7',
    file: 'src/core/decision/cordon-patch.ts',
    code: 'if (!isCordonedBy(node, incident)) return undefined;',
    instead: '',
  },
  'cordon-by-its-writer': {
    of: 'G7',
    file: 'src/core/decision/node-state.ts',
    code: 'return owners.length === 0 || owners.includes(CONTROLLER_MANAGER);',
    instead: 'return owners.length >= 0;',
  },
  'nodes-precondition': {
    of: 'G7',
    file: 'src/core/decision/cordon-patch.ts',
    code: "{ op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },",
    instead: '',
  },
  'writes-within-term': {
    of: 'G8',
    file: 'src/controller/cluster-of-term.ts',
    code: 'signal.throwIfAborted();\n    if (!term.leads())',
    instead: 'if (signal.aborted && !term.leads() && writeDeadlineMs < 0)',
  },
  'renew-deadline': {
    of: 'G8',
    file: 'src/runtime/leader-election.ts',
    code: 'renewDeadlineMs - (clock.monotonic() - renewedAt);',
    instead: 'renewDeadlineMs - 0 * (clock.monotonic() - renewedAt);',
  },
  'cordon-of-none': {
    of: 'G10',
    file: 'src/core/decision/node/sweep-cordon.ts',
    code: "if (incident === undefined) return [{ kind: 'SweepCordon', incident: owner, why: 'its incident is gone' }];",
    instead: 'if (incident === undefined) return [];',
  },
  'cordon-of-the-past': {
    of: 'G10',
    file: 'src/core/decision/node/sweep-cordon.ts',
    code: "return [{ kind: 'SweepCordon', incident: owner, why: 'its incident is over and the node is well again' }];",
    instead: 'return [];',
  },
  'old-decisions': {
    of: 'G10',
    file: 'src/core/decision/incident/decision-age.ts',
    code: 'return at !== undefined && now - at > OLD_MS;',
    instead: 'return at !== undefined && now < OLD_MS;',
  },
  'cut-off-alone-for-long': {
    of: 'G2',
    file: 'src/core/decision/incident/recovery/witness.ts',
    code: 'if (!isForLong) return undefined;',
    instead: '',
  },
  'heard-before-the-cordon': {
    of: 'G2',
    file: 'src/core/decision/incident/recovery/recover.ts',
    code: "place !== undefined && (place.state !== 'Requested' || wellness(snapshot) !== 'Unknown');",
    instead: 'place !== undefined;',
  },
};

const ROOT = new URL('../../', import.meta.url);

/** @throws where the code is no longer there, or there more than once. */
export function sourceWithout({ file, code, instead }: Guard): string {
  const [before, after, ...more] = readFileSync(new URL(file, ROOT), 'utf8').split(code);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`${file}: not there once: ${code}`);
  return `${before}${instead}${after}`;
}

/** Of all modules that are loaded from now on. */
export function remove(guard: Guard): void {
  const source = sourceWithout(guard);
  const at = new URL(guard.file, ROOT).href;
  registerHooks({
    load: (url, context, nextLoad) => (url === at ? { ...nextLoad(url, context), source } : nextLoad(url, context)),
  });
}
