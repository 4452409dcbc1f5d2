/** Asks the page's server what a browser, or somebody who is none, would ask. */
import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { TOKEN_HEADER, type ChangeMessage, type PulseMessage, type WholeMessage } from '../../../src/cli/ui/wire.ts';

export interface PageAddress {
  readonly origin: string;
  readonly token: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface AskOptions {
  readonly method?: string;
  /** In place of those that the page sends; undefined: not sent. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

function headersOf({ origin, token }: PageAddress, { method, headers = {} }: AskOptions): Record<string, string> {
  const post = { origin, 'content-type': 'application/json' };
  const all: NonNullable<AskOptions['headers']> = {
    [TOKEN_HEADER]: token,
    ...(method === 'POST' ? post : {}),
    ...headers,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

export async function ask(page: PageAddress, path: string, options: AskOptions = {}): Promise<Answer> {
  const { method = 'GET', body } = options;
  const outgoing = request(`${page.origin}${path}`, { method, headers: headersOf(page, options), agent: false });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks).toString() };
}

type Heard =
  | ({ readonly kind: 'whole' } & WholeMessage)
  | ({ readonly kind: 'change' } & ChangeMessage)
  | ({ readonly kind: 'pulse' } & PulseMessage);

export interface Listening {
  readonly status: number;
  /** The first from now on, or among those that were not waited for, for which it holds. */
  until(isIt: (message: Heard) => boolean): Promise<Heard>;
  readonly stop: () => void;
}

export async function listen(page: PageAddress): Promise<Listening> {
  const outgoing = request(`${page.origin}/api/events`, { headers: headersOf(page, {}), agent: false });
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const heard: Heard[] = [];
  let wake = Promise.withResolvers<undefined>();
  let rest = '';
  answer.setEncoding('utf8');
  answer.on('error', () => undefined);
  outgoing.on('error', () => undefined);
  answer.on('data', (chunk: string) => {
    const events = (rest + chunk).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const [, kind = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? [];
      heard.push({ kind, ...(JSON.parse(data) as object) } as Heard);
    }
    wake.resolve(undefined);
    wake = Promise.withResolvers();
  });
  return {
    status: answer.statusCode ?? 0,
    async until(isIt): Promise<Heard> {
      for (;;) {
        while (heard.length > 0) {
          const next = heard.shift()!;
          if (isIt(next)) return next;
        }
        await wake.promise;
      }
    },
    stop(): void {
      outgoing.destroy();
    },
  };
}
