/** Names of the steps of an incident. The agent's record of a step has the name of the step. */

export const HOST_STEP = 'capture-host';
/** Only where the agent cannot read the kubelet's memory, and the controller may use the node proxy. */
export const PROXY_STEP = 'capture-stacks';
/** Its presence reserves a place in the budget: it is written before anything is touched. */
export const RESERVATION_STEP = 'cordon';
/** Reason of that step until a list of all incidents has shown that there is a place for it. */
export const RESERVED = 'Reserved';
export const HOLD_STEP = 'hold';
/** Of a drill. */
export const INJECT_STEP = 'inject';
export const UNDO_STEP = 'undo';
export const UNCORDON_STEP = 'uncordon';

/** @param attempt from 1. */
export function actStepName(attempt: number): string {
  return `act-${attempt}`;
}

/** The step that looks whether the act of that number helped. */
export function verifyStepName(attempt: number): string {
  return `verify-${attempt}`;
}
