/** What is served under which path. */
import type { LocalAnswer, LocalRequest } from '../../ports/local-http.ts';
import { MedicError } from '../../ports/errors.ts';
import { makeReport } from '../report/make-report.ts';
import type { Session } from '../session.ts';
import { choicesOf } from './choices.ts';
import { readDecision, takeDecision } from './decide-request.ts';
import { refusalOfData, refusalOfPage, type Door } from './guard.ts';
import { PAGE } from './page/document.ts';
import { DATA_HEADERS, PAGE_HEADERS } from './page/headers.ts';
import { SCRIPT } from './page/script.ts';
import { STYLE_SHEET } from './page/style.ts';
import { shown } from './page-state.ts';
import type { Streams } from './streams.ts';

export interface Served {
  readonly session: Session;
  readonly streams: Streams;
  readonly user: string;
  readonly version: string;
}

/** A report reads dumps of some MiB. */
const MAX_REPORTS = 3;

const JSON_TYPE = 'application/json';

function data(status: number, type: string, body: LocalAnswer['body']): LocalAnswer {
  return { status, headers: { ...DATA_HEADERS, 'content-type': `${type}; charset=utf-8` }, body };
}

function json(status: number, value: unknown): LocalAnswer {
  return data(status, JSON_TYPE, JSON.stringify(value));
}

function refused(status: number, why: string): LocalAnswer {
  return json(status, { error: shown(why) });
}

const FILES: Readonly<Record<string, readonly [type: string, body: string]>> = {
  '/': ['text/html', PAGE],
  '/page.js': ['text/javascript', SCRIPT],
  '/page.css': ['text/css', STYLE_SHEET],
};

type Handle = (request: LocalRequest) => Promise<LocalAnswer>;

/** @param door whose port is known once it is listened on. */
export function createRoutes(served: Served, door: () => Door): Handle {
  const ofIncident = createIncidentRoutes(served);
  return async (request) => {
    if (!request.path.startsWith('/api/')) return page(request, door());
    const refusal = refusalOfData(request, door());
    if (refusal !== undefined) return refused(refusal.status, refusal.why);
    if (request.path === '/api/events') return events(request, served.streams);
    try {
      return await ofIncident(request);
    } catch (error) {
      if (error instanceof MedicError) return refused(STATUS[error.class], error.message);
      throw error;
    }
  };
}

function page(request: LocalRequest, door: Door): LocalAnswer {
  const refusal = refusalOfPage(request, door);
  if (refusal !== undefined) return refused(refusal.status, refusal.why);
  if (request.method !== 'GET') return refused(405, 'It can only be read.');
  // Browsers ask for it by themselves.
  if (request.path === '/favicon.ico') return { status: 204, headers: DATA_HEADERS, body: '' };
  const file = FILES[request.path];
  if (file === undefined) return refused(404, 'There is nothing here.');
  const [type, body] = file;
  return { status: 200, headers: { ...PAGE_HEADERS, 'content-type': `${type}; charset=utf-8` }, body };
}

function events({ method }: LocalRequest, streams: Streams): LocalAnswer {
  if (method !== 'GET') return refused(405, 'It can only be read.');
  if (!streams.hasRoom()) return refused(503, 'Too many pages are open: close one.');
  return data(200, 'text/event-stream', streams.open);
}

/** A name of an object (Kubernetes: DNS-1123 subdomain). */
const INCIDENT_PATH = /^\/api\/incidents\/([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)\/(choices|report|decision)$/;
const METHODS: Readonly<Record<string, string>> = { choices: 'GET', report: 'GET', decision: 'POST' };

function createIncidentRoutes({ session, user, version }: Served): Handle {
  let reports = 0;

  async function report(name: string): Promise<LocalAnswer> {
    if (reports >= MAX_REPORTS) return refused(503, 'Reports are being made already: try again.');
    reports += 1;
    try {
      // To ask an agent for what is on its node is a write, and to look at a page is none.
      return data(200, 'text/html', await makeReport(session, name, { upload: false, timeoutMs: 0, version }));
    } finally {
      reports -= 1;
    }
  }

  return async ({ path, method, body }) => {
    const [, name = '', what = ''] = INCIDENT_PATH.exec(path) ?? [];
    if (name === '') return refused(404, 'There is nothing here.');
    if (method !== METHODS[what]) return refused(405, `It takes ${METHODS[what] ?? ''} alone.`);
    if (what === 'report') return await report(name);
    if (what === 'choices') return json(200, await choicesOf(session, name, user));
    const sent = readDecision(body);
    if (sent === undefined) return refused(400, 'It is no decision.');
    await takeDecision(session, name, sent, user);
    return json(200, {});
  };
}

const STATUS: Readonly<Record<MedicError['class'], number>> = {
  absent: 404,
  conflict: 409,
  terminal: 409,
  denied: 403,
  invalid: 400,
  throttled: 503,
  transient: 502,
  bug: 500,
};
