/**
 * Verdicts that need no stacks: what systemd, the kernel and the Node say of the kubelet or the runtime as a program. A program
 * that somebody stopped, masked or debugs is left to him.
 */
import { createHash } from 'node:crypto';
import { cleanText } from '../../redaction/redact.ts';
import type { HeartbeatFault, HeartbeatWords } from '../clues/heartbeat-words.ts';
import type { CauseClass, Confidence, Diagnosis, RestartEffect } from '../../../api/v1alpha1/parts/diagnosis.ts';
import type { ProgramInfo, ProgramState } from '../../../api/v1alpha1/kinds/health.ts';

export type ProgramRole = 'kubelet' | 'runtime';

interface Entry {
  /** Kebab-case; stable, since incidents are compared by it. */
  readonly cause: string;
  readonly class: CauseClass;
  readonly confidence: Confidence;
  readonly summary: string;
  /** Of the program itself. */
  readonly restart: RestartEffect;
  readonly recommendation: string;
  readonly references?: readonly string[];
}

type Verdicts = Readonly<Partial<Record<ProgramState, Entry>>>;

const BY_PERSON = { class: 'HeldByPerson', confidence: 'High', restart: 'Harms' } as const;

const KUBELET: Verdicts = {
  Frozen: {
    cause: 'kubelet-frozen',
    class: 'KubeletSilent',
    confidence: 'High',
    summary: 'The kubelet is stopped by a signal or a frozen control group: it does nothing, and reports nothing.',
    restart: 'Helps',
    recommendation: 'Restart the kubelet, and find out who sent SIGSTOP or froze its control group.',
  },
  Silent: {
    cause: 'kubelet-not-answering',
    class: 'KubeletSilent',
    confidence: 'Medium',
    summary: 'The kubelet runs, and does not answer its own /healthz.',
    restart: 'Helps',
    recommendation: 'Restart the kubelet; its stacks say what holds all of it up.',
  },
  Uninterruptible: {
    cause: 'kubelet-uninterruptible',
    class: 'KernelOrHost',
    confidence: 'High',
    summary: 'The kubelet waits in the kernel and cannot be killed, so it cannot be restarted either.',
    restart: 'DoesNotHelp',
    recommendation: 'Mend what it waits for (a mount, a disk): see its wchan; else reboot the node.',
  },
  Debugged: {
    ...BY_PERSON,
    cause: 'kubelet-debugged',
    summary: 'Somebody traces the kubelet: a debugger holds it.',
    recommendation: 'Let whoever debugs it finish, or end the tracer.',
  },
  Stopped: {
    ...BY_PERSON,
    cause: 'kubelet-stopped',
    summary:
      'The kubelet is stopped: somebody stopped it, it ended by itself without an error, or nothing has started it since the boot.',
    recommendation: 'Find out who works on the node (last, journalctl -u). If nobody does, start it: systemctl start.',
  },
  Masked: {
    ...BY_PERSON,
    cause: 'kubelet-masked',
    summary: "Somebody has masked the kubelet's unit, so that nothing starts it.",
    recommendation: 'Unmask and start it when the work on the node is done.',
  },
  Broken: {
    cause: 'kubelet-unit-broken',
    class: 'KubeletDown',
    confidence: 'High',
    summary: 'systemd cannot load the unit of the kubelet, so nothing can start it.',
    restart: 'DoesNotHelp',
    recommendation: 'Mend the unit file and its drop-ins (systemd-analyze verify), systemctl daemon-reload, start it.',
  },
  Failed: {
    cause: 'kubelet-failed',
    class: 'KubeletDown',
    confidence: 'Medium',
    summary: 'The kubelet has ended, and systemd does not start it again.',
    restart: 'Helps',
    recommendation:
      'Start it once; if it ends again, the last lines of its log say why. See Restart= and StartLimitBurst= of its unit.',
  },
  CrashLooping: {
    cause: 'kubelet-crash-loop',
    class: 'KubeletDown',
    confidence: 'High',
    summary: 'The kubelet ends soon after each start, and systemd starts it again and again.',
    restart: 'DoesNotHelp',
    recommendation: 'Read the last lines of its log: most often its configuration or the runtime is at fault.',
  },
};

const RUNTIME: Verdicts = {
  Stopped: {
    ...BY_PERSON,
    cause: 'runtime-stopped',
    summary:
      'The container runtime is stopped: somebody stopped it, it ended by itself without an error, or nothing has started it since the boot.',
    recommendation: 'Find out who works on the node (last, journalctl -u). If nobody does, start it: systemctl start.',
  },
  Masked: {
    ...BY_PERSON,
    cause: 'runtime-masked',
    summary: "Somebody has masked the runtime's unit, so that nothing starts it.",
    recommendation: 'Unmask and start it when the work on the node is done.',
  },
  Broken: {
    cause: 'runtime-unit-broken',
    class: 'RuntimeDown',
    confidence: 'High',
    summary: 'systemd cannot load the unit of the container runtime, so nothing can start it.',
    restart: 'DoesNotHelp',
    recommendation: 'Mend the unit file and its drop-ins (systemd-analyze verify), systemctl daemon-reload, start it.',
  },
  Failed: {
    cause: 'runtime-failed',
    class: 'RuntimeDown',
    confidence: 'High',
    summary: 'The container runtime has ended, and systemd does not start it again.',
    restart: 'Helps',
    recommendation:
      'Start it once; if it ends again, the last lines of its log say why. See Restart= and StartLimitBurst= of its unit.',
  },
  CrashLooping: {
    cause: 'runtime-crash-loop',
    class: 'RuntimeDown',
    confidence: 'High',
    summary: 'The container runtime ends soon after each start, and systemd starts it again and again.',
    restart: 'DoesNotHelp',
    recommendation: 'Read the last lines of its log: most often its configuration or its state on disk is at fault.',
  },
};

/** A kubelet that runs, answers, and does not report: nothing of its own says why. */
const NOT_REPORTING: Entry = {
  cause: 'kubelet-not-reporting',
  class: 'KubeletSilent',
  confidence: 'Medium',
  summary: 'The kubelet runs and answers on its node, and does not report to the API server, which the agent reaches.',
  restart: 'Helps',
  recommendation: 'Restart the kubelet, so that it connects anew.',
  references: ['kubernetes/kubernetes#87615'],
};

/** The host is at fault, and a kubelet that starts has more to do than one that runs. */
const OVERLOADED: Entry = {
  cause: 'node-overloaded',
  class: 'KernelOrHost',
  confidence: 'Medium',
  summary: 'The kubelet runs, and gets too little CPU, memory or disk to answer or to report.',
  restart: 'DoesNotHelp',
  recommendation: 'Find what takes it (host.txt, processes.txt), and reserve some for the system (systemReserved).',
};

/** By what it says itself of its reports. */
const CUT_OFF: Readonly<Record<HeartbeatFault, Entry>> = {
  dead: {
    cause: 'kubelet-api-connection-dead',
    class: 'KubeletSilent',
    confidence: 'Medium',
    summary: "The kubelet's connection to the API server is dead: nothing comes back, and it does not connect anew.",
    restart: 'Helps',
    recommendation:
      'Restart the kubelet, so that it connects anew. From 1.20 on it does so by itself after 45 s, unless HTTP2_READ_IDLE_TIMEOUT_SECONDS switches that off.',
    references: ['kubernetes/kubernetes#87615'],
  },
  unreachable: {
    cause: 'kubelet-cannot-reach-api',
    class: 'KubeletSilent',
    confidence: 'High',
    summary: 'The kubelet cannot connect to the API server, which the agent of its node reaches.',
    restart: 'DoesNotHelp',
    recommendation:
      'Look at the address in its kubeconfig: name, load balancer, firewall, proxy. The agent may use another address.',
  },
  refused: {
    cause: 'kubelet-refused-by-api',
    class: 'KubeletSilent',
    confidence: 'High',
    summary: 'The API server answers the kubelet, and does not take what it reports.',
    restart: 'DoesNotHelp',
    recommendation: 'Look at its client certificate, at the rights of its node, and at admission webhooks.',
  },
};

/** It has ended: what it said last is why. */
const ENDED: readonly ProgramState[] = ['Failed', 'CrashLooping'];

/**
 * undefined: its state is no fault of its own.
 * @param program as the agent sees it. @param words what it said before it ended; undefined: not known.
 */
export function programVerdict(role: ProgramRole, program: ProgramInfo, words?: string): Diagnosis | undefined {
  const entry = (role === 'kubelet' ? KUBELET : RUNTIME)[program.state];
  if (entry === undefined) return undefined;
  const verdict = verdictOf(role, entry, program.message);
  return words === undefined || !ENDED.includes(program.state) ? verdict : withWords(verdict, role, words);
}

/** A kubelet that does not report, and says nothing of it. @param message of the Node. */
export function notReportingVerdict(message: string): Diagnosis {
  return verdictOf('kubelet', NOT_REPORTING, message);
}

/** A kubelet that does not report, by what it says itself. */
export function cutOffVerdict({ fault, line }: HeartbeatWords): Diagnosis {
  return withWords(verdictOf('kubelet', CUT_OFF[fault], undefined), 'kubelet', line);
}

/** @param figures of its host. */
export function overloadedVerdict(figures: string): Diagnosis {
  return withWords(verdictOf('kubelet', OVERLOADED, undefined), 'host', figures);
}

/** Of a line of its log. */
const MAX_WORDS = 400;

/** What it said itself is what a person reads first. */
function withWords(verdict: Diagnosis, source: ProgramRole | 'host', line: string): Diagnosis {
  const words = cleanText(line, MAX_WORDS);
  return {
    ...verdict,
    recommendation: `${verdict.recommendation} Seen: ${words}`.slice(0, 1024),
    evidence: [...verdict.evidence, `${source}: ${words}`],
  };
}

function verdictOf(role: ProgramRole, entry: Entry, seen: string | undefined): Diagnosis {
  const { restart, references = [], ...facts } = entry;
  // The runtime is not at fault where the kubelet is; one that a person holds is a reason to leave both.
  const isHeld = entry.class === 'HeldByPerson';
  const other = isHeld ? 'Harms' : role === 'kubelet' ? 'DoesNotHelp' : 'Unknown';
  return {
    ...facts,
    restartKubelet: role === 'kubelet' ? restart : other,
    restartRuntime: role === 'runtime' ? restart : other,
    references: [...references],
    evidence: seen === undefined ? [] : [`${role}: ${seen}`.slice(0, 512)],
    fingerprint: createHash('sha256').update(entry.cause).digest('hex').slice(0, 16),
  };
}
