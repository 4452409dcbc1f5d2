/** From a goroutine dump to a cause. */
import { createHash } from 'node:crypto';
import type { Diagnosis } from '../../api/v1alpha1/diagnosis.ts';
import { parseDump } from './dump-parser.ts';
import type { DiagnosisInput } from './input.ts';
import { findRelist, type Relist } from './relist.ts';

type Verdict = Omit<Diagnosis, 'evidence' | 'blockedStack' | 'sourceLink' | 'fingerprint'>;

const UNKNOWN: Verdict = {
  cause: 'unknown',
  class: 'Unknown',
  confidence: 'Low',
  summary: 'The evidence does not show where relist is stuck.',
  restartKubelet: 'Unknown',
  restartRuntime: 'Unknown',
  recommendation: 'Look at the saved goroutine dumps and logs.',
  references: [],
};

function waitsForRuntime(relist: Relist, { probe }: DiagnosisInput): Verdict {
  const method = relist.criMethod ?? '';
  if (probe === 'Answered') {
    return {
      cause: 'kubelet-cri-connection-dead',
      class: 'KubeletDeadlock',
      confidence: 'High',
      summary: `relist waits for an answer to ${method} on a connection that is dead; the runtime answers others.`,
      restartKubelet: 'Helps',
      restartRuntime: 'DoesNotHelp',
      recommendation: 'Restart the kubelet; look at what stands between it and the runtime socket.',
      references: [],
    };
  }
  const sure = probe === 'Timeout' || probe === 'Unavailable';
  return {
    cause: 'runtime-hung',
    class: 'RuntimeHung',
    confidence: sure ? 'High' : 'Medium',
    summary: `relist waits for the container runtime to answer ${method}.`,
    restartKubelet: 'Harms',
    restartRuntime: 'Helps',
    recommendation:
      'Restart the runtime, then look at the kubelet. Restarting the kubelet alone would make it crash-loop.',
    references: [],
  };
}

const DEADLOCK: Verdict = {
  cause: 'pleg-event-channel-deadlock',
  class: 'KubeletDeadlock',
  confidence: 'High',
  summary:
    'relist is blocked sending to the PLEG event channel, which the sync loop does not drain while PLEG is unhealthy.',
  restartKubelet: 'Helps',
  restartRuntime: 'DoesNotHelp',
  recommendation: 'Restart the kubelet, and upgrade to 1.14 or later.',
  fixedIn: '1.14',
  references: ['kubernetes/kubernetes#72482', 'kubernetes/kubernetes#72709'],
};

function judge(relist: Relist, input: DiagnosisInput): Verdict {
  if (relist.criMethod !== undefined) return waitsForRuntime(relist, input);
  const { state } = relist.group;
  if (relist.at === 0 && (state === undefined || state === 'chan send')) return DEADLOCK;
  return UNKNOWN;
}

function fingerprintOf(cause: string, relist: Relist): string {
  const names = relist.frames.slice(0, relist.at + 1).map(({ func }) => func.toLowerCase());
  return createHash('sha256')
    .update([cause, ...names].join('\n'))
    .digest('hex')
    .slice(0, 16);
}

export function diagnose(input: DiagnosisInput): Diagnosis {
  for (const file of [...input.dumps].reverse()) {
    const relist = findRelist(parseDump(file.text));
    if (relist === undefined) continue;
    const verdict = judge(relist, input);
    const stack = relist.frames.map((frame) => `${frame.func}  ${frame.file}:${frame.line}`).join('\n');
    return {
      ...verdict,
      evidence: [`${file.name}:${relist.group.atLine} relist in [${relist.group.state ?? 'no state'}]`],
      blockedStack: stack.slice(0, 4096),
      fingerprint: fingerprintOf(verdict.cause, relist),
    };
  }
  return { ...UNKNOWN, evidence: [] };
}
