/** Requests to the plugin. The token is in a header, and is kept for this tab and this origin alone. */
import { TOKEN_HEADER, type Choices, type DecisionRequest } from '../wire.ts';

const KEY = 'token';

/** Takes it out of the address, so that it is in no history and no picture of the screen. */
export function takeToken(): string {
  const given = location.hash.slice(1);
  if (given !== '') {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, '', location.pathname);
  }
  return sessionStorage.getItem(KEY) ?? '';
}

/** Of the plugin: it is broken, or the API server fell silent over it. */
const MAY_BE_TAKEN: readonly number[] = [500, 502];
const NOT_KNOWN = 'It is not known whether it was taken: look at the incident.';

export interface Api {
  events(signal: AbortSignal): Promise<Response>;
  choices(incident: string): Promise<Choices>;
  report(incident: string): Promise<string>;
  decide(incident: string, decision: DecisionRequest): Promise<void>;
}

interface Asking extends Pick<RequestInit, 'method' | 'body' | 'signal'> {
  readonly headers?: Readonly<Record<string, string>>;
}

export function createApi(token: string): Api {
  const ask = async (path: string, init: Asking = {}): Promise<Response> =>
    await fetch(`/api/${path}`, {
      ...init,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      headers: { ...init.headers, [TOKEN_HEADER]: token },
    });
  const good = async (path: string, init?: Asking): Promise<Response> => {
    const answer = await ask(path, init);
    if (!answer.ok) throw new Error(await errorOf(answer));
    return answer;
  };
  const of = (incident: string, what: string): string => `incidents/${encodeURIComponent(incident)}/${what}`;
  return {
    events: async (signal) => await ask('events', { signal }),
    choices: async (incident) => (await (await good(of(incident, 'choices'))).json()) as Choices,
    report: async (incident) => await (await good(of(incident, 'report'))).text(),
    decide: async (incident, decision) => {
      const headers = { 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: JSON.stringify(decision) };
      const answer = await ask(of(incident, 'decision'), init).catch((cause: unknown) => {
        throw new Error(`${cause instanceof Error ? cause.message : String(cause)}. ${NOT_KNOWN}`, { cause });
      });
      if (answer.ok) return;
      const why = await errorOf(answer);
      throw new Error(MAY_BE_TAKEN.includes(answer.status) ? `${why}. ${NOT_KNOWN}` : why);
    },
  };
}

/** What the plugin says of a request that it has refused. */
export async function errorOf(answer: Response): Promise<string> {
  const said: unknown = await answer.json().catch(() => undefined);
  if (typeof said === 'object' && said !== null && 'error' in said && typeof said.error === 'string') return said.error;
  return `the plugin answers ${String(answer.status)}`;
}
