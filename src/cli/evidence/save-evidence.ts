/** `kubectl medic evidence`: every artifact of an incident, into a folder, each held against its checksum. */
import { HEALTHS } from '../../api/resources.ts';
import type { EvidenceEntry } from '../../api/v1alpha1/parts/evidence.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { isMedicError } from '../../ports/errors.ts';
import { EXIT } from '../exit.ts';
import { getIncident, type Session } from '../session.ts';
import { humanBytes } from '../table.ts';
import { oneLine } from '../terminal.ts';
import { fetchArtifacts, type Fetched, type FetchOptions } from './fetch-artifacts.ts';
import { MANIFEST, openFolder, type Folder } from './folder.ts';

type Outcome =
  | { readonly kind: 'verified'; readonly bytes: number }
  /** It is there, but is not what was sealed; what is there is kept as `NAME.corrupt`. */
  | { readonly kind: 'corrupt'; readonly message: string }
  /** It was saved, and it is not there now. */
  | { readonly kind: 'lost'; readonly message: string }
  /** It was never saved. */
  | { readonly kind: 'never'; readonly message: string }
  /** It is on the node, and was not asked for. */
  | { readonly kind: 'left'; readonly message: string };

interface Saved {
  readonly entry: EvidenceEntry;
  readonly outcome: Outcome;
}

/** @returns the exit code. */
export async function runEvidence(
  session: Session,
  name: string,
  options: FetchOptions & { readonly folder: string },
): Promise<number> {
  const { terminal } = session;
  const incident = await getIncident(session, name);
  const folder = await openFolder(options.folder, name);
  const saved: Saved[] = [];
  for await (const fetched of fetchArtifacts(session, incident, options)) {
    const { entry } = fetched;
    const outcome = await save(folder, fetched);
    saved.push({ entry, outcome });
    terminal.out(outcomeLine(session, entry, outcome));
  }
  await folder.write(MANIFEST, manifestText(incident, saved, await factsOf(session, incident)));
  const verified = saved.filter(({ outcome }) => outcome.kind === 'verified').length;
  terminal.out(`${verified} of ${saved.length} artifacts are in ${options.folder}, checksums verified\n`);
  return exitCodeOf(saved);
}

async function save(folder: Folder, { entry, found }: Fetched): Promise<Outcome> {
  if (found.kind === 'whole') {
    await folder.write(entry.name, found.bytes);
    return { kind: 'verified', bytes: found.bytes.length };
  }
  if (found.kind !== 'damaged') return found;
  const { bytes, message } = found;
  if (bytes === undefined) return { kind: 'corrupt', message };
  await folder.write(`${entry.name}.corrupt`, bytes);
  return { kind: 'corrupt', message: `${message}; kept as ${entry.name}.corrupt` };
}

function outcomeLine({ terminal }: Session, entry: EvidenceEntry, outcome: Outcome): string {
  const name = oneLine(entry.name).padEnd(28);
  switch (outcome.kind) {
    case 'verified':
      return `${terminal.paint('green', 'verified')}  ${name}  ${humanBytes(outcome.bytes)}\n`;
    case 'corrupt':
      return `${terminal.paint('red', 'CORRUPT ')}  ${name}  ${oneLine(outcome.message)}\n`;
    case 'lost':
      return `${terminal.paint('red', 'missing ')}  ${name}  ${oneLine(outcome.message)}\n`;
    case 'never':
      return `${terminal.paint('yellow', 'never   ')}  ${name}  ${oneLine(outcome.message)}\n`;
    case 'left':
      return `${terminal.paint('dim', 'left    ')}  ${name}  ${oneLine(outcome.message)}\n`;
    default:
      return outcome satisfies never;
  }
}

function exitCodeOf(saved: readonly Saved[]): number {
  if (saved.some(({ outcome }) => outcome.kind === 'corrupt')) return EXIT.corrupt;
  return saved.some(({ outcome }) => outcome.kind === 'lost') ? EXIT.failed : EXIT.ok;
}

/** What `diagnose` needs besides the files: it is in no log. */
async function factsOf({ cluster }: Session, { spec }: KubeletIncident): Promise<Readonly<Record<string, string>>> {
  try {
    const health = await cluster.get(HEALTHS, { name: spec.nodeName });
    const { kubelet, runtime } = health?.status ?? {};
    return {
      ...(kubelet?.version === undefined ? {} : { kubeletVersion: kubelet.version }),
      ...(runtime?.name === undefined ? {} : { runtimeVersion: `${runtime.name} ${runtime.version ?? ''}`.trim() }),
    };
  } catch (error) {
    if (isMedicError(error, 'denied')) return {};
    throw error;
  }
}

function manifestText(
  { metadata, spec, status }: KubeletIncident,
  saved: readonly Saved[],
  facts: Readonly<Record<string, string>>,
): string {
  const { host, diagnosis, timings, outcome } = status;
  const entries = saved.map(({ entry, outcome }) => ({ ...entry, fetched: outcome }));
  const manifest = {
    incident: metadata.name,
    uid: metadata.uid,
    node: spec.nodeName,
    trigger: spec.trigger,
    ...facts,
    outcome,
    timings,
    diagnosis,
    host,
    entries,
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
