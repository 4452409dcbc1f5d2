/** How much the line of a clue is worth, by who has written it and when. */
import type { LogClue } from '../../../api/v1alpha1/host-summary.ts';
import { durationMs } from '../../time/duration.ts';
import { readFailingCall } from '../calls/failing-call.ts';
import { ownWords } from './own-words.ts';
import { writerOf } from './writer.ts';

/**
 * - `sure`: a program of the node has written it, and lately. - `likely`: the line does not say who has, in words that only such
 *   programs have. - `hint`: another program has, or a person in words of his own, or it was long ago.
 */
export type Worth = 'sure' | 'likely' | 'hint';

/** The log goes on for so long after it, in milliseconds. */
const OLD_MS = 600_000;
/** Records, and what gRPC, the kubelet, the runtime and the kernel say of a failing call. */
const FORMAL =
  /^[\ufeff\s>|]{0,32}(?:[IWEF]\d{4} \d\d:|\{"ts":|time="\d{4}|(?:FATA|ERRO|WARN)\[\d{4}|(?:Warning|Normal) {2,}\w)|rpc error: code = |from runtime service failed|(?:Unm|M)ount(?:Volume|Device)\.\w{1,16} failed|Unable to (?:attach or mount volumes|retrieve pods)|Error syncing pod|[Ff]ailed to (?:create pod sandbox|create shim task|create containerd task|setup network for sandbox|destroy network for sandbox)|NetworkPluginNotReady|Handler for (?:GET|POST|DELETE) |Cannot connect to the Docker daemon|Failed to activate service|nfs4?: server \S{1,256} not responding|soft lockup|blocked for more than \d/;

export function worthOf({ line, lastBeforeEnd }: LogClue): Worth {
  if (lastBeforeEnd !== undefined && durationMs(lastBeforeEnd) > OLD_MS) return 'hint';
  const writer = writerOf(line);
  if (writer === 'node') return 'sure';
  if (writer === 'other') return 'hint';
  return FORMAL.test(line) || readFailingCall(ownWords(line)) === undefined ? 'likely' : 'hint';
}
