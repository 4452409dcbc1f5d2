/** `kubectl medic ui`: the fleet as a page for the person who started it. */
import { randomBytes } from 'node:crypto';
import type { ServeLocally } from '../../ports/local-http.ts';
import type { Session } from '../session.ts';
import { oneLine } from '../terminal.ts';
import { whoAmI } from '../who-am-i.ts';
import { shown } from './page-state.ts';
import { openPublisher } from './publish.ts';
import { createRoutes } from './routes.ts';

export interface UiOptions {
  /** 0: any that is free. */
  readonly port: number;
  /** Of the plugin. */
  readonly version: string;
  readonly serve: ServeLocally;
}

const TOKEN_BYTES = 32;

/**
 * Until the signal.
 * @throws `E_HTTP_LISTEN`; `MedicError` where the API server is not there, does not know the person, or is away for good.
 */
export async function runUi(session: Session, options: UiOptions, signal: AbortSignal): Promise<void> {
  const { terminal } = session;
  const { version, serve } = options;
  const own = new AbortController();
  const end = AbortSignal.any([signal, own.signal]);
  try {
    const user = await whoAmI(session);
    const about = { user: shown(user), server: shown(session.server ?? ''), plugin: version };
    const publisher = await openPublisher(session, about, end);
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    let { port } = options;
    const { streams } = publisher;
    const server = await serve(
      port,
      createRoutes({ session, streams, user, version }, () => ({ port, token })),
    );
    ({ port } = server);
    // What follows the # is sent to nobody: not to a server, not as a Referer.
    terminal.out(`http://127.0.0.1:${String(port)}/#${token}\n`);
    terminal.note(
      `Open it in a browser of this machine. Who has this address acts as ${oneLine(user)}. Ctrl-C ends it.\n`,
    );
    try {
      await publisher.run();
    } finally {
      await server.close();
    }
  } finally {
    own.abort();
  }
}
