/**
 * Reasons of Events, on the Node and on the incident. Besides these an event has the incident's trigger as its reason
 * when it opens, and the outcome when it is complete.
 */
export const EVENT_REASONS = {
  EvidenceCaptured: 'Evidence is saved.',
  EvidenceMissing: 'Evidence is missing.',
  Diagnosed: 'The cause is known.',
  CauseUnknown: 'The evidence does not name a cause.',
  Confirmed: 'A second source says that the node is stuck.',
  NodeCordoned: 'The node was cordoned.',
  ActionTaken: 'Something was restarted.',
  NodeUncordoned: 'The node was uncordoned.',
  FaultInjected: 'A fault was made on the node, for a drill.',
  EvidenceTrimmed: 'Evidence takes all the room in the API server that it may, so that some of it goes.',
  RecoverySkipped: 'Nothing is done now, and why; and whether evidence is saved all the same.',
} as const satisfies Readonly<Record<string, string>>;
export type EventReason = keyof typeof EVENT_REASONS;
