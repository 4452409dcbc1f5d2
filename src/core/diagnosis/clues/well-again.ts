/**
 * Complaints that are over: what they were about has succeeded since, in the same log. A success counts after the last
 * complaint; where it does not have to be of the same thing, after so much time that the complaint would have come again.
 *
 * Sources of the words: pkg/kubelet (kubelet.go, kubelet_node_status.go, operation_generator.go), containerd cmd/containerd and
 * internal/cri, CRI-O server, moby cmd/dockerd; linux fs/nfs and net/sunrpc, drivers/md, drivers/scsi; journalctl.
 */
import type { LogClue } from '../../../api/v1alpha1/parts/host-summary.ts';
import { durationMs } from '../../time/duration.ts';
import { readFailingCall } from '../calls/failing-call.ts';
import type { Callee } from '../calls/callees.ts';
import { logOf } from './clue.ts';
import { ownWords } from './own-words.ts';
import { writerOf } from './writer.ts';

/** What a complaint is about. */
type Area = Callee | 'api' | 'start' | 'memory' | 'space' | 'remote' | 'paths' | 'host';

const SECOND = 1_000;
/** In milliseconds. The kubelet tries each again within these times: lists at once, a lease every 10 s, a pod, a volume. */
const AT_ONCE = 0;
const SOON = 60 * SECOND;
const LATER = 130 * SECOND;
const LATE = 300 * SECOND;

/** A success, and after how long it ends what. */
interface Success {
  readonly source: string;
  readonly ends: Partial<Record<Area, number>>;
}

/** The kubelet finds its runtime, its network and PLEG well. */
export const NODE_READY =
  /Recording NodeReady event|event="NodeReady"|Fast updating node status as it just became ready/g;

const RUNTIME = { list: AT_ONCE, socket: AT_ONCE, start: SOON } as const;
const SUCCESSES: readonly Success[] = [
  {
    source: String.raw`SyncLoop \(PLEG\)`,
    ends: { ...RUNTIME, network: LATER, sandbox: LATER, systemd: LATER, device: SOON, container: LATE, oci: LATE },
  },
  {
    source: String.raw`returns sandbox id|Ran pod sandbox`,
    ends: { ...RUNTIME, network: AT_ONCE, sandbox: AT_ONCE, systemd: AT_ONCE, oci: LATE, container: LATE },
  },
  {
    source: String.raw`(?:Create|Start)Container [^\n]{0,200} returns|Started container|Created container`,
    ends: { ...RUNTIME, systemd: SOON, device: SOON, oci: LATE, container: LATE },
  },
  {
    source: String.raw`containerd successfully booted|Daemon has completed initialization|API listen on /`,
    ends: { list: AT_ONCE, socket: AT_ONCE },
  },
  {
    source: String.raw`(?:Unm|M)ount(?:Volume|Device)\.\w{1,16} succeeded`,
    ends: { storage: LATER },
  },
  {
    source: String.raw`SyncLoop (?:\(?"?)(?:ADD|UPDATE|DELETE|REMOVE)"?[^\n]{0,12}"api"`,
    ends: { api: SOON, start: SOON },
  },
  {
    source: String.raw`Successfully registered node`,
    ends: { api: AT_ONCE, start: SOON },
  },
  {
    source: NODE_READY.source,
    ends: { ...RUNTIME, network: LATER, sandbox: LATER, api: SOON },
  },
  { source: String.raw`status is now: NodeHasSufficientMemory`, ends: { memory: SOON } },
  { source: String.raw`status is now: NodeHasNoDiskPressure`, ends: { space: SOON } },
  { source: String.raw`nfs4?: server \S{1,256} OK`, ends: { remote: AT_ONCE } },
  {
    source: String.raw`is operational after recovery|Reinstating path|remaining active paths: [1-9]`,
    ends: { paths: AT_ONCE },
  },
  {
    source: String.raw`-- Reboot --|-- Boot [0-9a-f]{32}|kernel: (?:\[ *[\d.]{1,20}\] )?Linux version \d|^\[ *0\.0{6}\] Linux version \d`,
    ends: {
      network: AT_ONCE,
      systemd: AT_ONCE,
      storage: AT_ONCE,
      device: AT_ONCE,
      oci: AT_ONCE,
      sandbox: AT_ONCE,
      container: AT_ONCE,
      list: AT_ONCE,
      socket: AT_ONCE,
      api: AT_ONCE,
      start: AT_ONCE,
      memory: AT_ONCE,
      space: AT_ONCE,
      remote: AT_ONCE,
      paths: AT_ONCE,
      host: AT_ONCE,
    },
  },
];

const ONE = SUCCESSES.map(({ source }) => new RegExp(source, 'm'));

/** Global, linear, within a line. What is told apart by it is which success it is. */
export const SUCCEEDED = {
  pattern: new RegExp(SUCCESSES.map(({ source }) => source).join('|'), 'gm'),
  meaning: (own: string): string | undefined => {
    const at = ONE.findIndex((one) => one.test(own));
    // A server of NFS that is back does not answer for others.
    return at < 0 ? undefined : `${String(at)} ${serverIn(own)}`;
  },
} as const;

function serverIn(own: string): string {
  return /nfs4?: server (\S{1,256})/.exec(own)?.[1] ?? '';
}

/** What a complaint that is no failing call is about. */
const AREAS: readonly (readonly [Area, RegExp])[] = [
  ['remote', /nfs4?: server \S{1,256} not responding|CIFS|ceph/],
  ['paths', /Failing path|remaining active paths: 0|detected conn error|ping timeout|session recovery timed out/],
  [
    'api',
    /[Ff]ailed to (?:update|ensure) (?:node )?lease|Error updating node status|Unable to (?:update node status|register node)|use of closed network connection|Kubelet stopped posting/,
  ],
  [
    'start',
    /command failed|failed to run [Kk]ubelet|failed to load kubelet config|fatal error: |unknown service runtime\.v1|validate CRI v1/,
  ],
  [
    'list',
    /Cannot connect to the Docker daemon|container runtime is down|message larger than max|Unable to retrieve pods|status check may not have completed/,
  ],
  ['network', /reserve sandbox name|reserving pod name|create pod sandbox/],
  [
    'systemd',
    /dbus|transient scope|systemd to (?:create|remove)|org\.freedesktop|Failed to (?:list units|get properties)/,
  ],
  ['storage', /already executing|failed with operation pending|unmounted volumes|error while mounting volume/],
  [
    'container',
    /get state for|collecting metrics for|TaskExit|KillContainerError|RunContainerError|exit within \d+ seconds of kill|runsc|kata/,
  ],
  ['memory', /Housekeeping took|must evict|resourceName="memory"|oom-?killer|Out of memory|oom-kill:/],
  ['space', /[Nn]o space left|DiskPressure|attempting to reclaim/],
];

function areaOf(own: string): Area {
  const call = readFailingCall(own);
  return AREAS.find(([, words]) => words.test(own))?.[0] ?? call?.callee ?? 'host';
}

function lastMs({ lastBeforeEnd }: LogClue): number | undefined {
  return lastBeforeEnd === undefined ? undefined : durationMs(lastBeforeEnd);
}

interface Read {
  readonly clue: LogClue;
  readonly own: string;
  readonly success: Success | undefined;
}

function readClue(clue: LogClue): Read {
  const own = ownWords(clue.line);
  const at = ONE.findIndex((one) => one.test(own));
  // What another program says of its own work is no success of the node.
  return { clue, own, success: at < 0 || writerOf(clue.line) === 'other' ? undefined : SUCCESSES[at] };
}

function isEnded({ clue, own }: Read, later: readonly Read[]): boolean {
  const area = areaOf(own);
  return later.some((one) => {
    const after = one.success?.ends[area];
    if (after === undefined || (area === 'remote' && !isSameServer(own, one.own))) return false;
    if (after === AT_ONCE) return true;
    const [complained, succeeded] = [lastMs(clue), lastMs(one.clue)];
    return complained !== undefined && succeeded !== undefined && complained - succeeded >= after;
  });
}

function isSameServer(complaint: string, success: string): boolean {
  return serverIn(success) === '' || serverIn(success) === serverIn(complaint);
}

/** Of those of several logs; each log's in the order of its lines. */
export function endedClues(clues: readonly LogClue[]): ReadonlySet<LogClue> {
  const ended = new Set<LogClue>();
  for (const log of Map.groupBy(clues, logOf).values()) {
    const later: Read[] = [];
    for (const clue of [...log].reverse()) {
      const one = readClue(clue);
      if (one.success !== undefined) later.push(one);
      else if (later.length > 0 && isEnded(one, later)) ended.add(clue);
    }
  }
  return ended;
}
