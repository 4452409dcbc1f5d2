/** `kubectl medic report`: one incident as one file of HTML. */
import { getIncident, type Session } from '../session.ts';
import type { FetchOptions } from '../evidence/fetch-artifacts.ts';
import { eventsOf } from '../show/incident-events.ts';
import { humanBytes } from '../table.ts';
import { oneLine } from '../terminal.ts';
import { reportDocument } from './document.ts';
import { gatherArtifacts } from './gather.ts';
import { refuseExisting, writeReport } from './write-file.ts';

export interface ReportOptions extends FetchOptions {
  /** undefined: to standard output. */
  readonly file: string | undefined;
  /** Whether a file that is there is replaced. */
  readonly force: boolean;
  /** Of the plugin. */
  readonly version: string;
}

/** @throws `E_CLI_NOT_FOUND`; `E_CLI_OUTPUT`. */
export async function runReport(session: Session, name: string, options: ReportOptions): Promise<void> {
  const { file, force, version } = options;
  const { terminal, clock } = session;
  if (file !== undefined && !force) await refuseExisting(file);
  const incident = await getIncident(session, name);
  const events = await eventsOf(session, incident);
  const artifacts = await gatherArtifacts(session, incident, options);
  const text = reportDocument({ incident, events, artifacts, now: clock.now(), version });
  if (file === undefined) {
    terminal.out(text);
    return;
  }
  await writeReport(file, text, { force });
  terminal.out(`${oneLine(file)}: ${oneLine(name)}, ${humanBytes(Buffer.byteLength(text))}\n`);
}
