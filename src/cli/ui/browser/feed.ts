/** Server-sent events over fetch, which can send a header: https://html.spec.whatwg.org/multipage/server-sent-events.html */
import type { ChangeMessage, PulseMessage, WholeMessage } from '../wire.ts';
import { errorOf, type Api } from './api.ts';

export type FeedMessage =
  | ({ readonly kind: 'whole' } & WholeMessage)
  | ({ readonly kind: 'change' } & ChangeMessage)
  | ({ readonly kind: 'pulse' } & PulseMessage);

export interface FeedOptions {
  readonly api: Api;
  /** false: something was missed, and the whole state is asked for again. */
  readonly onMessage: (message: FeedMessage) => boolean;
  /** The stream has broken, or is refused. */
  readonly onBreak: (why: string) => void;
}

/** A pulse comes every 5 s. */
const SILENCE_MS = 15_000;
const RETRY_MS = 2_000;
/** A browser opens six connections to one server: a tab that nobody sees gives its own back. */
const HIDDEN_MS = 30_000;

/** Until the token is refused, which a new address alone mends. */
export async function runFeed(options: FeedOptions): Promise<void> {
  for (;;) {
    await untilVisible();
    const own = new AbortController();
    const stopHiding = whenHidden(() => {
      own.abort(new Error('this tab is not looked at'));
    });
    try {
      const answer = await options.api.events(own.signal);
      if (answer.ok) await readAll(answer, options, own);
      else options.onBreak(await errorOf(answer));
      if (answer.status === 401) return;
    } catch (error) {
      options.onBreak(error instanceof Error ? error.message : String(error));
    } finally {
      stopHiding();
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function readAll(answer: Response, { onMessage, onBreak }: FeedOptions, own: AbortController): Promise<void> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  let rest = '';
  for (;;) {
    const timer = setTimeout(() => {
      own.abort(new Error('the plugin says nothing'));
    }, SILENCE_MS);
    const { done, value } = await reader.read().finally(() => {
      clearTimeout(timer);
    });
    if (done) {
      onBreak('kubectl medic has ended');
      return;
    }
    const events = (rest + value).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const message = parseEvent(event);
      if (message === undefined || onMessage(message)) continue;
      own.abort();
      return;
    }
  }
}

const KINDS: readonly string[] = ['whole', 'change', 'pulse'];

function parseEvent(text: string): FeedMessage | undefined {
  const [, kind = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(text) ?? [];
  if (!KINDS.includes(kind)) return undefined;
  return { kind, ...(JSON.parse(data) as object) } as FeedMessage;
}

async function untilVisible(): Promise<void> {
  while (document.visibilityState === 'hidden') {
    await new Promise((resolve) => {
      document.addEventListener('visibilitychange', resolve, { once: true });
    });
  }
}

function whenHidden(act: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    clearTimeout(timer);
    if (document.visibilityState === 'hidden') timer = setTimeout(act, HIDDEN_MS);
  };
  document.addEventListener('visibilitychange', look);
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', look);
  };
}
