/** Times of detection. They follow from the kubelet's own (k8s.io/kubernetes pkg/kubelet), so they are no policy. */

/** The sync loop's backoff prints a breach line every 5 s at most, so three missing ones mean that it has ended. */
export const QUIET_MS = 15_000;
/** `pleg has yet to be successful` is a fault after this time: as long as the threshold of a relist. */
export const NEVER_RELISTED_MS = 180_000;
/** A log line that is no older than this is read as it happens. */
export const LIVE_MS = 30_000;
/** Two lines speak of one relist if what they say of its start differs by less. */
export const SAME_RELIST_MS = 2_000;
/** A kubelet that has just started cannot have missed a relist for longer than any threshold. */
export const START_GRACE_MS = 60_000;
/** What KubeletHealth keeps. */
export const MAX_EPISODES = 50;
export const EPISODE_AGE_MS = 86_400_000;
/** The CRI probe must fail for so long before PLEG is suspected. */
export const PROBE_FAILING_MS = 10_000;
/**
 * `container runtime is down` is repeated every 5 s. A failed relist is logged once, when its call ends, and the next relist
 * begins a second later; if that hangs as well, the probe or `container runtime is down` say so soon.
 */
export const RUNTIME_DOWN_HOLD_MS = 15_000;
export const RELIST_FAILED_HOLD_MS = 30_000;
/** After it did nothing for long, the kubelet needs this time to be seen well or ill: looks at it are 10 s apart. */
export const RESUMED_MS = 30_000;
/** A program that does nothing or does not run is told of after this time: a unit may be restarted by somebody just now. */
export const PROGRAM_LASTS_MS = 10_000;
/** A log source that fails for less is being restarted. */
export const LOG_GRACE_MS = 15_000;
