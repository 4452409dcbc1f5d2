/** A mirror whose watch is late, stands still, says things twice or leaves them out. */
import type { Clock } from '../../src/ports/clock.ts';
import type { KubeObject, Mirror } from '../../src/ports/cluster.ts';

export type MirrorFault =
  /** Each event comes so much later, in milliseconds; the mirror takes itself for fresh. */
  | { readonly kind: 'lag'; readonly ms: number }
  /** Nothing comes, and the mirror knows it: `freshAt` stands still. */
  | { readonly kind: 'frozen' }
  /** Nothing comes, and the mirror takes itself for fresh; one that begins now begins with what was there then. */
  | { readonly kind: 'held' };

/** What is to be done at an event, before it is told: it is left out, or the mirror is held from then on. */
export type AtEvent = 'drop' | 'hold';

/** What is wrong with the watches of a kind, beyond the life of one mirror. */
export interface HeldBack {
  /** At the event after so many others. */
  next?: { left: number; readonly what: AtEvent } | undefined;
  /** Events that have come. */
  seen?: number;
  fault: MirrorFault | undefined;
  /** What a mirror that is held shows. */
  items: ReadonlyMap<string, unknown> | undefined;
}

export interface FaultyMirror {
  readonly plural: string;
  snapshot(): ReadonlyMap<string, unknown>;
  /** The fault, or the network, is another one now. */
  changed(): void;
  drop(events: number): void;
  repeat(): void;
  relist(): void;
}

export interface FaultyMirrorOptions {
  readonly plural: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly held: HeldBack;
  readonly isDown: () => boolean;
}

type Event<T> = readonly [current: T | undefined, previous: T | undefined];

interface Waiting<T> {
  readonly event: Event<T>;
  /** Monotonic. */
  readonly dueAt: number;
}

export function createFaultyMirror<T extends KubeObject>(
  base: Mirror<T>,
  { plural, clock, signal, held, isDown }: FaultyMirrorOptions,
): { readonly mirror: Mirror<T>; readonly control: FaultyMirror } {
  // What a mirror of this kind was shown once is of its type.
  const shown = new Map<string, T>((held.items as ReadonlyMap<string, T> | undefined) ?? []);
  const handlers: ((...event: Event<T>) => void)[] = [];
  let waiting: Waiting<T>[] = [];
  let last: Event<T> | undefined;
  let dropped = 0;
  let stoodAt: number | undefined;
  let isSynced = false;
  const synced = Promise.withResolvers<undefined>();
  synced.promise.catch(() => undefined);

  function stands(): boolean {
    return isDown() || held.fault?.kind === 'frozen' || held.fault?.kind === 'held';
  }

  function nameOf([current, previous]: Event<T>): string {
    return (current ?? previous)?.metadata.name ?? '';
  }

  function tell(event: Event<T>): void {
    const name = nameOf(event);
    const [current] = event;
    const previous = shown.get(name);
    last = event;
    if (current === undefined && previous === undefined) return;
    if (current === undefined) shown.delete(name);
    else shown.set(name, current);
    for (const handler of handlers) handler(current, previous);
  }

  function flush(): void {
    if (stands() || signal.aborted) return;
    const now = clock.monotonic();
    for (let next = waiting[0]; next !== undefined && next.dueAt <= now; next = waiting[0]) {
      waiting.shift();
      tell(next.event);
    }
    if (base.freshAt() === undefined) return;
    isSynced = true;
    synced.resolve(undefined);
  }

  /** @returns whether the event is left out. */
  function meets(): boolean {
    held.seen = (held.seen ?? 0) + 1;
    const { next } = held;
    if (next === undefined || next.left-- > 0) return false;
    held.next = undefined;
    if (next.what === 'drop') return true;
    held.fault = { kind: 'held' };
    held.items = new Map(shown);
    return false;
  }

  function receive(event: Event<T>): void {
    if (meets()) return;
    if (dropped > 0) {
      dropped -= 1;
      return;
    }
    const lateMs = held.fault?.kind === 'lag' ? held.fault.ms : 0;
    waiting.push({ event, dueAt: clock.monotonic() + lateMs });
    if (lateMs > 0) clock.sleep(lateMs, signal).then(flush, () => undefined);
    else flush();
  }

  function relist(): void {
    if (stands()) return;
    stoodAt = undefined;
    waiting = [];
    dropped = 0;
    const now = new Map(base.list().map((item) => [item.metadata.name, item]));
    for (const [name, item] of [...shown]) if (!now.has(name)) tell([undefined, item]);
    for (const [name, item] of now) {
      const known = shown.get(name);
      if (known?.metadata.resourceVersion !== item.metadata.resourceVersion) tell([item, known]);
    }
    flush();
  }

  function changed(): void {
    if (stands()) {
      stoodAt ??= clock.monotonic();
      return;
    }
    stoodAt = undefined;
    if (held.fault === undefined) waiting = waiting.map(({ event }) => ({ event, dueAt: 0 }));
    flush();
  }

  function freshAt(): number | undefined {
    const at = base.freshAt();
    const knows = isDown() || held.fault?.kind === 'frozen';
    if (at === undefined || !knows) return at;
    return isSynced ? Math.min(at, stoodAt ?? at) : undefined;
  }

  base.onChange((current, previous) => {
    receive([current, previous]);
  });
  changed();
  base.whenSynced().then(
    () => {
      // One that is held back has listed too: at an API server that is behind.
      if (held.fault?.kind === 'held' && held.items !== undefined) synced.resolve(undefined);
      else flush();
    },
    (error: unknown) => {
      synced.reject(error);
    },
  );

  const mirror: Mirror<T> = {
    ...base,
    get: (name) => shown.get(name),
    list: () => [...shown.values()],
    whenSynced: async () => {
      await synced.promise;
    },
    freshAt,
    onChange: (handler) => {
      handlers.push(handler);
    },
  };
  const control: FaultyMirror = {
    plural,
    snapshot: () => new Map(shown),
    changed,
    drop(events): void {
      dropped += events;
    },
    repeat(): void {
      if (last === undefined) return;
      const [current, previous] = last;
      if (previous !== undefined) tell([previous, current]);
      tell([current, previous]);
    },
    relist,
  };
  return { mirror, control };
}
