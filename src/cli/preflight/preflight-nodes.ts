/** `kubectl medic preflight`: would a recovery work here, and if not why. */
import type { Pod } from '../../api/kubernetes/pod.ts';
import { PODS } from '../../api/resources.ts';
import { API_VERSION } from '../../api/v1alpha1/words/names.ts';
import { isMedicError, MedicError } from '../../ports/errors.ts';
import { EXIT } from '../exit.ts';
import type { Check } from '../fleet/check.ts';
import { checksOf } from '../fleet/checks.ts';
import { readFleet, type Fleet, type NodeView } from '../fleet/read-fleet.ts';
import type { Session } from '../session.ts';
import { writeNames, writeStructured, type Format } from '../structured.ts';
import { oneLine } from '../terminal.ts';
import { preflightText, type NodeVerdict } from './preflight-text.ts';

export interface PreflightOptions {
  readonly format: Format;
  /** Look at the pods of the nodes too. */
  readonly pods: boolean;
  /** A warning counts as a lack. */
  readonly strict: boolean;
}

/**
 * @param names empty: all nodes. @returns the exit code.
 * @throws `E_CLI_NOT_FOUND` for a name that no node has.
 */
export async function runPreflight(
  session: Session,
  names: readonly string[],
  options: PreflightOptions,
): Promise<number> {
  const { terminal } = session;
  const { format } = options;
  const fleet = await readFleet(session);
  const views = namedNodes(fleet, names);
  for (const line of fleet.unread) terminal.note(`not read: ${oneLine(line)}\n`);
  const podsOf = options.pods ? await readPods(session, names) : undefined;
  const verdicts = views.map((view) => {
    const pods = podsOf === undefined ? {} : { pods: podsOf(view.node.metadata.name) };
    return verdictOf(
      view.node.metadata.name,
      checksOf({ ...view, now: fleet.now, leader: fleet.leader, ...pods }),
      options,
    );
  });
  const lacking = verdicts.filter(({ wouldRecover }) => !wouldRecover);
  // A cluster without a node has none that would recover: a check that saw nothing has shown nothing.
  const code = lacking.length === 0 && verdicts.length > 0 ? EXIT.ok : EXIT.wouldNotRecover;
  const list = { apiVersion: API_VERSION, kind: 'PreflightList', items: verdicts };
  if (
    writeNames(
      terminal,
      format,
      lacking.map(({ node }) => `node/${node}`),
    )
  )
    return code;
  if (writeStructured(terminal, format, list)) return code;
  terminal.out(preflightText(terminal, verdicts, { each: names.length > 0 || format === 'wide' }));
  return code;
}

function namedNodes({ nodes }: Fleet, names: readonly string[]): readonly NodeView[] {
  if (names.length === 0) return nodes;
  return [...new Set(names)].map((name) => {
    const view = nodes.find(({ node }) => node.metadata.name === name);
    if (view === undefined) throw new MedicError('E_CLI_NOT_FOUND', 'absent', `there is no node ${name}`);
    return view;
  });
}

function verdictOf(node: string, checks: readonly Check[], { strict }: PreflightOptions): NodeVerdict {
  const isLack = ({ verdict }: Check): boolean => verdict === 'no' || (strict && verdict === 'warn');
  return { node, wouldRecover: !checks.some(isLack), checks };
}

const PAGE = 500;
const DEADLINE_MS = 120_000;

/** Pods by node; undefined for all nodes where they may not be listed. */
async function readPods(
  { cluster }: Session,
  names: readonly string[],
): Promise<(node: string) => readonly Pod[] | undefined> {
  const [only] = names;
  const selector = only !== undefined && names.length === 1 ? { fieldSelector: `spec.nodeName=${only}` } : {};
  try {
    const { items } = await cluster.list(PODS, { pageSize: PAGE, ...selector }, { deadlineMs: DEADLINE_MS });
    const byNode = Map.groupBy(items, ({ spec }) => spec.nodeName);
    return (node) => byNode.get(node) ?? [];
  } catch (error) {
    if (isMedicError(error, 'denied')) return () => undefined;
    throw error;
  }
}
