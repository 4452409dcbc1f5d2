/** The goroutines of a process of this machine, taken from its memory. */
import type { MedicError } from './errors.ts';

/** What a Go program says of its own making. Whoever built it chose the words. */
export interface BuildInfo {
  /** `go1.26.8`. */
  readonly goVersion: string;
  /** Of package main: `github.com/containerd/containerd/cmd/containerd-shim-runc-v2`. */
  readonly packagePath?: string;
  readonly mainPath?: string;
  /** `(devel)` where it was built from a folder. */
  readonly mainVersion?: string;
  readonly revision?: string;
  /** Variables set with `-ldflags=-X`, where it was not built with `-trimpath`. */
  readonly linkedStrings?: Readonly<Record<string, string>>;
}

export interface DumpStats {
  readonly goroutines: number;
  /** Those whose stack is not there, since they ran. */
  readonly running: number;
  /** Those that changed each time that they were read: without a stack, and marked `changed while read`. */
  readonly torn: number;
  /** Those whose stack could not be followed to its end: marked `incomplete`. */
  readonly incomplete: number;
  /** What ended the dump before its end. */
  readonly cutBy?: 'time' | 'size' | 'count';
}

export interface GoroutineHeader extends DumpStats {
  readonly kind: 'goroutines';
  readonly buildInfo?: BuildInfo;
  readonly durationMs: number;
  /** Of the text, unpacked. */
  readonly textBytes: number;
  /** The most memory that the reader's process had. */
  readonly peakBytes: number;
}

export interface ThreadHeader {
  readonly kind: 'threads';
  readonly threads: number;
  /** Threads that no signal reaches (state D). */
  readonly uninterruptible: number;
}

export interface SampleCounts {
  readonly samples: number;
  /** Samples in which at least one goroutine ran, or could. */
  readonly busy: number;
  /** Samples that were not read to their end. */
  readonly failed: number;
  /** Goroutines that ran or could, in all samples. */
  readonly stacks: number;
  /** Of these, those whose stack is not there, since they ran. */
  readonly running: number;
  /** Of these, those that went on while they were read: without a stack. */
  readonly torn: number;
  /** Of these, those whose stack could not be followed to its end. */
  readonly incomplete: number;
}

export interface SampleHeader extends SampleCounts {
  readonly kind: 'samples';
  readonly buildInfo?: BuildInfo;
  /** From the first sample to the end of the last. */
  readonly durationMs: number;
  /** Of the process in this time, on all CPUs, to 10 ms. */
  readonly cpuMs: number;
  /** All of this in words, for a person. */
  readonly summary: string;
  /** Of the text, unpacked. */
  readonly textBytes: number;
  /** The most memory that the reader's process had. */
  readonly peakBytes: number;
}

/** `gzip`: the summary in a line that begins with `#`, and then folded stacks: `root;caller;leaf 12`. */
export interface SampleReading {
  readonly gzip: Buffer;
  readonly header: SampleHeader;
}

/** `gzip`: the text, compressed, as it is kept; it may have several members. */
export type StackReading =
  /** The text of pprof's `goroutine?debug=2`, without arguments. */
  | { readonly kind: 'goroutines'; readonly gzip: Buffer; readonly header: GoroutineHeader }
  /** What the kernel says of each thread, since the goroutines could not be read. */
  | { readonly kind: 'threads'; readonly gzip: Buffer; readonly header: ThreadHeader; readonly why: MedicError };

/** The machine that the program runs on. */
export interface LocalProcesses {
  /** The main process of a unit of systemd; 0: none runs. */
  mainPID(unit: string, signal: AbortSignal): Promise<number>;
  /**
   * @throws `E_STACKS_GONE` if the process has ended or was replaced, `E_STACKS_NOT_GO` if it is no Go program; any error of
   * the threads where they cannot be read either.
   */
  readStacks(pid: number, timeoutMs: number, signal: AbortSignal): Promise<StackReading>;
  /**
   * What it runs in a time, in samples.
   * @throws `E_STACKS_*`, also where the time and `timeoutMs` besides are over.
   */
  sampleStacks(
    pid: number,
    limits: { readonly durationMs: number; readonly timeoutMs: number },
    signal: AbortSignal,
  ): Promise<SampleReading>;
}
