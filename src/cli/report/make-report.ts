/** `kubectl medic report`: one incident as one file of HTML. */
import { getIncident, type Session } from '../session.ts';
import type { FetchOptions } from '../evidence/fetch-artifacts.ts';
import { eventsOf } from '../show/incident-events.ts';
import { humanBytes } from '../table.ts';
import { oneLine } from '../terminal.ts';
import { reportDocument } from './document.ts';
import { gatherArtifacts } from './gather.ts';
import { refuseExisting, writeReport } from './write-file.ts';

interface DocumentOptions extends FetchOptions {
  /** Of the plugin. */
  readonly version: string;
}

export interface ReportOptions extends DocumentOptions {
  /** undefined: to standard output. */
  readonly file: string | undefined;
  /** Whether a file that is there is replaced. */
  readonly force: boolean;
}

/** One document of HTML. @throws `E_CLI_NOT_FOUND`. */
export async function makeReport(session: Session, name: string, options: DocumentOptions): Promise<string> {
  const incident = await getIncident(session, name);
  const events = await eventsOf(session, incident);
  const artifacts = await gatherArtifacts(session, incident, options);
  return reportDocument({ incident, events, artifacts, now: session.clock.now(), version: options.version });
}

/** @throws `E_CLI_NOT_FOUND`; `E_CLI_OUTPUT`. */
export async function runReport(session: Session, name: string, options: ReportOptions): Promise<void> {
  const { file, force } = options;
  const { terminal } = session;
  if (file !== undefined && !force) await refuseExisting(file);
  const text = await makeReport(session, name, options);
  if (file === undefined) {
    terminal.out(text);
    return;
  }
  await writeReport(file, text, { force });
  terminal.out(`${oneLine(file)}: ${oneLine(name)}, ${humanBytes(Buffer.byteLength(text))}\n`);
}
