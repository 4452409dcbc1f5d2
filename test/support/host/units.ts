/** The two units of a simulated host, as systemd shows them. */
import type { Clock, Random } from '../../../src/ports/clock.ts';
import { wallOf } from '../../../src/core/time/moment.ts';
import type { UnitFacts } from '../../../src/ports/host.ts';

export interface Unit {
  readonly facts: () => UnitFacts;
  /** A new process: a new PID, and as systemd has it a new InvocationID. */
  start(): void;
  stop(): void;
  /** The process died; systemd will start it again. */
  autoRestart(): void;
  /** A person or a program asked for a restart: systemd counts its own restarts from zero again. */
  resetRestarts(): void;
}

export interface UnitOptions {
  /** The host's. */
  readonly clock: Clock;
  readonly unit: string;
  readonly killMode: string;
  readonly restart: string;
  readonly random: Random;
  /** PIDs are given out in order over the host. */
  readonly nextPid: () => number;
}

export function createUnit({ clock, unit, killMode, restart, random, nextPid }: UnitOptions): Unit {
  let facts: UnitFacts = {
    unit,
    loadState: 'loaded',
    activeState: 'inactive',
    subState: 'dead',
    result: 'success',
    mainPID: 0,
    invocationID: '',
    startedAt: undefined,
    changedAt: undefined,
    leftActiveAt: undefined,
    hasJob: false,
    requires: [],
    restarts: 0,
    restart,
    watchdogMs: undefined,
    killMode,
  };

  /** On the monotonic clock, as systemd counts too: a clock that was set since has moved no start. */
  let startedMs = 0;

  function invocation(): string {
    return Array.from({ length: 32 }, () => Math.floor(random.next() * 16).toString(16)).join('');
  }

  return {
    facts: () => {
      if (facts.startedAt === undefined) return facts;
      const now = { wallMs: clock.now(), monotonicMs: clock.monotonic() };
      return { ...facts, startedAt: wallOf(startedMs, facts.startedAt, now) };
    },
    start(): void {
      startedMs = clock.monotonic();
      const process = { mainPID: nextPid(), invocationID: invocation(), startedAt: clock.now() };
      facts = { ...facts, ...process, activeState: 'active', subState: 'running' };
    },
    stop(): void {
      facts = { ...facts, mainPID: 0, activeState: 'deactivating', subState: 'stop-sigterm' };
    },
    autoRestart(): void {
      const restarts = facts.restarts + 1;
      facts = { ...facts, mainPID: 0, activeState: 'activating', subState: 'auto-restart', restarts };
    },
    resetRestarts(): void {
      facts = { ...facts, restarts: 0 };
    },
  };
}
