/** A client's own way to the API server, on which a test says what goes wrong: at a call, or in what a watch tells. */
import { callLimit } from '../../src/kube/call-limit.ts';
import { answerError, malformedError, networkError } from '../../src/kube/errors.ts';
import { OF_READS, OF_WRITES, retry } from '../../src/kube/retry.ts';
import type { Clock, Random } from '../../src/ports/clock.ts';
import type { Call, Cluster, KubeObject, Mirror, Ref, Resource } from '../../src/ports/cluster.ts';
import { withDeadline } from '../../src/runtime/deadline.ts';
import {
  createFaultyMirror,
  type AtEvent,
  type FaultyMirror,
  type HeldBack,
  type MirrorFault,
} from './faulty-mirror.ts';

type Verb = 'get' | 'list' | 'create' | 'replace' | 'apply' | 'patch' | 'delete' | 'proxy';

/** A call as it is made. */
interface Asked {
  readonly verb: Verb;
  readonly plural: string;
  /** Empty: of a list. */
  readonly name: string;
  readonly subresource: '' | 'status';
  /** Of a write; undefined: it has none. */
  readonly body: unknown;
}

export type CallFault =
  /** The server says no, and nothing is done. */
  | { readonly kind: 'refused'; readonly status: 403 | 409 | 410 | 429 | 500; readonly retryAfterSeconds?: number }
  /** The connection breaks, before the call has arrived or after. */
  | { readonly kind: 'reset'; readonly arrived: boolean }
  /**
   * In milliseconds; infinite: never. The caller has no answer by its deadline where the sum is longer, and what is still on
   * its way then takes effect all the same.
   */
  | { readonly kind: 'slow'; readonly arrivesAfterMs: number; readonly answeredAfterMs: number }
  /** The answer cannot be read; the call has taken effect. */
  | { readonly kind: 'malformed' };

/** It takes effect at once, and its answer never comes. */
export const ANSWER_LOST: CallFault = { kind: 'slow', arrivesAfterMs: 0, answeredAfterMs: Number.POSITIVE_INFINITY };
type Rule = (asked: Asked) => CallFault | undefined;

export interface Faults {
  /** Asked at each try of each call; undefined: all calls are well. */
  onCall(rule: Rule | undefined): void;
  /** Of what watches of a kind tell from now on; undefined: it catches up, and is well. It outlives the client's process. */
  mirror(plural: string, fault: MirrorFault | undefined): void;
  /** Leaves out the next so many events of a kind, until a list: see `relist`. */
  drop(plural: string, events: number): void;
  /** At the event of a kind that comes after `count` others from now on. */
  atEvent(plural: string, count: number, what: AtEvent): void;
  isHeld(plural: string): boolean;
  /** Events of a kind that have come since the beginning. */
  events(plural: string): number;
  /** Tells the last event of a kind once more: the object as it was before, and then as it is. */
  repeat(plural: string): void;
  /** The mirrors of a kind list anew, as after a 410. */
  relist(plural: string): void;
  /** No call arrives, and watches stand still; undefined: they are back, and catch up. */
  setDown(message: string | undefined): void;
  /** Nothing goes wrong any more, and mirrors have listed anew. */
  mend(): void;
}

export interface FaultyClient {
  readonly cluster: Cluster;
  readonly faults: Faults;
}

const never = new AbortController().signal;

/** Between a client and the cluster. All times are the client's clock's. */
export function createFaultyClient(
  inner: Cluster,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): FaultyClient {
  let rule: Rule | undefined;
  let down: string | undefined;
  const mirrors = new Set<FaultyMirror>();
  const faulted = new Map<string, HeldBack>();

  async function pass<T>(what: string, fault: CallFault | undefined, work: () => Promise<T>): Promise<T> {
    if (down !== undefined) throw networkError(what, new Error(down));
    switch (fault?.kind) {
      case undefined:
        return await work();
      case 'refused':
        throw answerError(what, refusal(fault));
      case 'reset':
        if (fault.arrived) await work().catch(() => undefined);
        throw networkError(what, new Error('read ECONNRESET'));
      case 'malformed':
        await work();
        throw malformedError(what, new Error('Unexpected end of JSON input'));
      case 'slow':
        await sleep(fault.arrivesAfterMs);
        return await work().finally(() => sleep(fault.answeredAfterMs));
      default:
        return fault satisfies never;
    }
  }

  /** What was sent goes its way, whoever sent it. */
  async function sleep(ms: number): Promise<void> {
    if (Number.isFinite(ms)) await clock.sleep(ms, never);
    else await new Promise(() => undefined);
  }

  async function ask<T>(asked: Asked, call: Call, work: () => Promise<T>): Promise<T> {
    const what = `${asked.verb} ${asked.plural}/${asked.name}`;
    return await withDeadline(clock, callLimit(what, call), call.signal, async (signal) => {
      const once = async (): Promise<T> => {
        const passed = pass(what, rule?.(asked), work);
        passed.catch(() => undefined);
        return await passed;
      };
      const isRead = asked.verb === 'get' || asked.verb === 'list';
      const classes = asked.verb === 'replace' ? [] : isRead ? OF_READS : OF_WRITES;
      return await retry(once, { clock, random, classes, deadlineMs: callLimit(what, call).ms }, signal);
    });
  }

  function describe(verb: Verb, resource: Resource, ref: Partial<Ref>, rest: Partial<Asked> = {}): Asked {
    return { verb, plural: resource.plural, name: ref.name ?? '', subresource: '', body: undefined, ...rest };
  }

  function mirror<T extends KubeObject>(
    resource: Resource<T>,
    ...rest: [query: object, signal: AbortSignal]
  ): Mirror<T> {
    const [query, signal] = rest;
    const { plural } = resource;
    const held = heldOf(plural);
    const base = inner.mirror(resource, query, signal);
    const made = createFaultyMirror(base, { plural, clock, signal, held, isDown: () => down !== undefined });
    mirrors.add(made.control);
    signal.addEventListener('abort', () => mirrors.delete(made.control));
    return made.mirror;
  }

  function heldOf(plural: string): HeldBack {
    const known = faulted.get(plural) ?? { fault: undefined, items: undefined };
    faulted.set(plural, known);
    return known;
  }

  function of(plural: string): readonly FaultyMirror[] {
    return [...mirrors].filter((one) => one.plural === plural);
  }

  const cluster: Cluster = {
    ...inner,
    get: (resource, ref, call = {}) => ask(describe('get', resource, ref), call, () => inner.get(resource, ref, call)),
    list: (resource, query = {}, call = {}) =>
      ask(describe('list', resource, {}), call, () => inner.list(resource, query, call)),
    create: (resource, object, how) =>
      ask(describe('create', resource, object.metadata, { body: object }), how, () =>
        inner.create(resource, object, how),
      ),
    replace: (resource, object, how) =>
      ask(describe('replace', resource, object.metadata, { body: object }), how, () =>
        inner.replace(resource, object, how),
      ),
    apply: (resource, object, how) =>
      ask(describe('apply', resource, object.metadata, { body: object, subresource: how.subresource ?? '' }), how, () =>
        inner.apply(resource, object, how),
      ),
    jsonPatch: (resource, ref, patch, how) =>
      ask(describe('patch', resource, ref, { body: patch, subresource: how.subresource ?? '' }), how, () =>
        inner.jsonPatch(resource, ref, patch, how),
      ),
    delete: (resource, ref, call = {}) =>
      ask(describe('delete', resource, ref), call, () => inner.delete(resource, ref, call)),
    proxyNode: (node, path, request) =>
      ask({ verb: 'proxy', plural: 'nodes', name: node, subresource: '', body: undefined }, request, () =>
        inner.proxyNode(node, path, request),
      ),
    mirror,
  };

  const faults: Faults = {
    onCall(next): void {
      rule = next;
    },
    mirror(plural, fault): void {
      const held = heldOf(plural);
      held.fault = fault;
      held.items = fault?.kind === 'held' ? of(plural)[0]?.snapshot() : undefined;
      for (const one of of(plural)) one.changed();
    },
    drop(plural, events): void {
      for (const one of of(plural)) one.drop(events);
    },
    atEvent(plural, count, what): void {
      heldOf(plural).next = { left: count, what };
    },
    isHeld: (plural) => heldOf(plural).fault?.kind === 'held',
    events: (plural) => heldOf(plural).seen ?? 0,
    repeat(plural): void {
      for (const one of of(plural)) one.repeat();
    },
    relist(plural): void {
      for (const one of of(plural)) one.relist();
    },
    setDown(message): void {
      down = message;
      for (const one of mirrors) one.changed();
    },
    mend(): void {
      rule = undefined;
      down = undefined;
      for (const held of faulted.values()) Object.assign(held, { fault: undefined, items: undefined, next: undefined });
      for (const one of mirrors) one.relist();
    },
  };
  return { cluster, faults };
}

function refusal(fault: Extract<CallFault, { kind: 'refused' }>): Parameters<typeof answerError>[1] {
  const { status, retryAfterSeconds } = fault;
  const details = retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } };
  const body = { kind: 'Status', code: status, message: `the test says ${String(status)}`, ...details };
  return { status, body: Buffer.from(JSON.stringify(body)) };
}
