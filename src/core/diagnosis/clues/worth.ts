/** How much the line of a clue is worth, by who has written it and when. */
import type { LogClue } from '../../../api/v1alpha1/parts/host-summary.ts';
import { durationMs } from '../../time/duration.ts';
import { HOST_CLUES } from '../kernel/host-events.ts';
import { ownWords } from './own-words.ts';
import { writerOf } from './writer.ts';

/**
 * - `sure`: a program of the node has written it, and lately. - `likely`: the line does not say who has, in words that only such
 *   programs have. - `hint`: another program has, or a person in words of his own, or it was long ago.
 */
export type Worth = 'sure' | 'likely' | 'hint';

/** The log goes on for so long after it, in milliseconds. */
const OLD_MS = 600_000;
/** Words that only the kubelet, a runtime, systemd and its bus, and Kubernetes' events have. */
const UNMISTAKABLE =
  /from runtime service failed|from image service failed|PLEG is not healthy|GenericPLEG|EventedPLEG|[Ss]kipping pod synchronization|container runtime is down|status check may not have completed yet|(?:Unm|M)ount(?:Volume|Device)\.\w{1,16}|Unable to (?:attach or mount volumes|retrieve pods|update node status)|Error (?:syncing pod|updating node status)|unmounted volumes=|[Ff]ailed to (?:create (?:pod )?sandbox|create shim task|create containerd task|reserve sandbox name|setup network for sandbox|destroy network for sandbox|get container status|"(?:Start|Kill)Container")|(?:Run|Stop|Remove)PodSandbox|(?:Start|Stop|Remove|Create)Container\b|ContainerStatus|PodSandboxStatus|List(?:PodSandbox|Containers|Images)|Failed(?:CreatePodSandBox|KillPod|Mount|AttachVolume|Unmount)|(?:Run|Kill|Create)ContainerError|NetworkPluginNotReady|NetworkPlugin cni|cni plugin not initialized|Allocate failed|Handler for (?:GET|POST|DELETE) |Cannot connect to the Docker daemon|TaskExit event|get state for [0-9a-f]{6}|unknown service runtime\.v1|validate CRI v1|failed to run [Kk]ubelet|failed to load kubelet config|"command failed"|node lease|Housekeeping took|attempting to reclaim|must evict pod|org\.freedesktop|completion signal from dbus|dbus: connection closed|transient scope unit|start unit |systemd to (?:create|remove)|is already executing|nestedpendingoperations|inotify_(?:add_watch|init)|\/var\/(?:lib|run)\/(?:kubelet|containerd|docker|crio)\b|\/run\/(?:containerd|crio|docker)\b|dial unix \/|OCI runtime (?:create|exec) failed/;

export function worthOf({ line, lastBeforeEnd }: LogClue): Worth {
  if (lastBeforeEnd !== undefined && durationMs(lastBeforeEnd) > OLD_MS) return 'hint';
  const writer = writerOf(line);
  if (writer === 'node') return 'sure';
  if (writer === 'other') return 'hint';
  const own = ownWords(line);
  return UNMISTAKABLE.test(own) || HOST_CLUES.some(({ meaning }) => meaning(own) !== undefined) ? 'likely' : 'hint';
}
