/** What would tell more than what was given: nothing is asked for that is here. */
import type { Facts } from '../analysis/facts.ts';
import type { ProcessKind } from '../../dump/goroutine.ts';

/** A shim says nothing of what the runtime answers. */
const RUNTIMES: readonly ProcessKind[] = ['containerd', 'crio', 'dockerd'];

/** `crictl pods` by a person, or dumps of the runtime, which say more. */
function isRuntimeKnown({ input, others }: Facts): boolean {
  return input.probe !== 'Unknown' || others.some(({ dump }) => RUNTIMES.includes(dump.process));
}

/** As klog writes, or as a journal names who writes. */
const OF_KUBELET = /(?:^|\n)[IWEF]\d{4} \d\d:\d\d:\d\d|\bkubelet(?:\[\d+\])?: /;

/** Of a log of which clues alone were kept nobody knows any more; agents keep those of the kubelet's. */
function hasKubeletLog({ input }: Facts): boolean {
  return input.host !== undefined || input.logs.some((log) => 'clues' in log || OF_KUBELET.test(log.text));
}

function dumpsToTake({ kubelet, isWhole, earlier }: Facts): string | undefined {
  if (kubelet === undefined || !isWhole || kubelet.dump.isCut === true)
    return 'take two whole goroutine dumps of the kubelet (debug=2) 10 seconds apart';
  return earlier === undefined
    ? 'take another goroutine dump of the kubelet (debug=2), 10 seconds or more apart'
    : undefined;
}

/** One sentence. */
export function askFor(facts: Facts): string {
  const asked = [
    dumpsToTake(facts),
    hasKubeletLog(facts) ? undefined : "bring the kubelet's log",
    isRuntimeKnown(facts) ? undefined : 'ask the runtime (crictl pods)',
  ].filter((one) => one !== undefined);
  const [first, ...others] = asked;
  if (first === undefined)
    return 'All that is asked for most often is here; what is missing is an entry of the catalogue: please report it.';
  const rest =
    others.length === 0
      ? ''
      : `${others
          .slice(0, -1)
          .map((one) => `, ${one}`)
          .join('')}, and ${others.at(-1) ?? ''}`;
  return `${first.charAt(0).toUpperCase()}${first.slice(1)}${rest}.`;
}
