/** `kubectl medic evidence`: every artifact of an incident, into a folder, each held against its checksum. */
import { HEALTHS } from '../../api/resources.ts';
import type { EvidenceEntry } from '../../api/v1alpha1/evidence.ts';
import type { KubeletIncident } from '../../api/v1alpha1/incident.ts';
import { sha256 } from '../../core/evidence/manifest.ts';
import { isMedicError } from '../../ports/errors.ts';
import { EXIT } from '../exit.ts';
import { getIncident, type Session } from '../session.ts';
import { humanBytes } from '../table.ts';
import { oneLine } from '../terminal.ts';
import { createFetcher, type Fetcher } from './fetch.ts';
import { MANIFEST, openFolder, type Folder } from './folder.ts';
import { locate } from './location.ts';

type Outcome =
  | { readonly kind: 'verified'; readonly bytes: number }
  /** It is there, but its SHA-256 is another one; kept as `NAME.corrupt`. */
  | { readonly kind: 'corrupt'; readonly message: string }
  /** It was saved once, and cannot be had now. */
  | { readonly kind: 'lost'; readonly message: string }
  /** It was never saved. */
  | { readonly kind: 'never'; readonly message: string };

interface Fetched {
  readonly entry: EvidenceEntry;
  readonly outcome: Outcome;
}

/** @returns the exit code. */
export async function runEvidence(
  session: Session,
  name: string,
  options: { readonly folder: string; readonly spoolDir: string },
): Promise<number> {
  const { terminal } = session;
  const incident = await getIncident(session, name);
  const entries = incident.status.evidence ?? [];
  const folder = await openFolder(options.folder, name);
  const fetcher = createFetcher(session, incident, options.spoolDir);
  const fetched: Fetched[] = [];
  // One after the other: a node under stress should not be asked for everything at once.
  for (const entry of entries) {
    const outcome = await fetchOne({ fetcher, folder, incident }, entry);
    fetched.push({ entry, outcome });
    terminal.out(outcomeLine(session, entry, outcome));
  }
  await folder.write(MANIFEST, manifestText(incident, fetched, await factsOf(session, incident)));
  const verified = fetched.filter(({ outcome }) => outcome.kind === 'verified').length;
  terminal.out(`${verified} of ${entries.length} artifacts are in ${options.folder}, checksums verified\n`);
  return exitCodeOf(fetched);
}

interface Place {
  readonly fetcher: Fetcher;
  readonly folder: Folder;
  readonly incident: KubeletIncident;
}

async function fetchOne({ fetcher, folder, incident }: Place, entry: EvidenceEntry): Promise<Outcome> {
  const location = locate(entry, incident);
  if (location.kind === 'none') return { kind: entry.state === 'Failed' ? 'never' : 'lost', message: location.message };
  let bytes: Buffer;
  try {
    bytes = await fetcher.fetch(location);
  } catch (error) {
    if (!isMedicError(error)) throw error;
    return { kind: 'lost', message: error.message };
  }
  const sum = sha256(bytes);
  if (sum === entry.sha256) {
    await folder.write(entry.name, bytes);
    return { kind: 'verified', bytes: bytes.length };
  }
  await folder.write(`${entry.name}.corrupt`, bytes);
  const sealed = entry.sha256 === undefined ? 'none was recorded' : `${entry.sha256} was sealed`;
  return { kind: 'corrupt', message: `SHA-256 is ${sum}, ${sealed}; kept as ${entry.name}.corrupt` };
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
    default:
      return outcome satisfies never;
  }
}

function exitCodeOf(fetched: readonly Fetched[]): number {
  if (fetched.some(({ outcome }) => outcome.kind === 'corrupt')) return EXIT.corrupt;
  return fetched.some(({ outcome }) => outcome.kind === 'lost') ? EXIT.failed : EXIT.ok;
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
  fetched: readonly Fetched[],
  facts: Readonly<Record<string, string>>,
): string {
  const { host, diagnosis, timings, outcome } = status;
  const entries = fetched.map(({ entry, outcome: fetchedAs }) => ({ ...entry, fetched: fetchedAs }));
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
