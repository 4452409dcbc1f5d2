/** What the command line needs of the world, and gives back. */
import type { Readable } from 'node:stream';
import type { ConnectionFlags } from './connection-flags.ts';
import type { OwnCausesFile } from '../core/diagnosis/catalogue/own-causes.ts';
import type { Clock } from '../ports/clock.ts';
import type { ServeLocally } from '../ports/local-http.ts';
import type { LocalProcesses } from '../ports/stacks.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

/** What the composition root gives. */
export interface ProgramContext {
  readonly terminal: Terminal;
  readonly stdin: Readable;
  readonly clock: Clock;
  readonly version: string;
  /** @throws `E_KUBE_CONFIG`. */
  readonly connect: (flags: ConnectionFlags) => Promise<Session>;
  readonly readOwnCauses: (path: string) => OwnCausesFile;
  /** This machine. */
  readonly processes: () => Promise<LocalProcesses>;
  /** The same, for a browser on it. */
  readonly serveLocally: () => Promise<ServeLocally>;
  /** Aborts when who started the program is gone: standard input was a pipe, and is closed. It is read from then on. */
  readonly inputEnd: () => AbortSignal;
}

/** Takes the exit code of the command that ran. */
export type Finish = (code: number) => void;
