/** How a command ends. */

export const EXIT = {
  ok: 0,
  /** The cluster refuses, does not answer, or has no such thing. */
  failed: 1,
  /** A mistake on the command line, or input that cannot be read. */
  usage: 2,
  /** diagnose: the evidence does not name a cause, or gives a hint of one (Low confidence). */
  unknownCause: 3,
  /** evidence: an artifact is not what was sealed. */
  corrupt: 4,
  /** preflight: a node would not be recovered. */
  wouldNotRecover: 5,
} as const;
