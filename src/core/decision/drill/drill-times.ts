/** How long each part of a recovery took, beside what the policy promises. All times are of controllers and of the API server. Pure. */
import type { DrillTime, Fault } from '../../../api/v1alpha1/parts/drill.ts';
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import type { Detection } from '../../../api/v1alpha1/kinds/policy.ts';
import { durationMs, formatDuration } from '../../time/duration.ts';
import { fromTime } from '../../time/timestamp.ts';
import { isActStep } from '../actions.ts';
import { findStep } from '../record/conditions-and-steps.ts';
import { HOST_STEP, UNCORDON_STEP } from '../record/step-names.ts';
import { FAULTS } from './faults.ts';

/** For what the policy gives no time: some writes, and looks that are 5 s apart. */
const WORK_MS = 15_000;

interface Part {
  readonly what: string;
  /** Milliseconds since 1970; undefined: it did not come. */
  readonly at: number | undefined;
  readonly limitMs: number;
}

export interface DrillStory {
  readonly fault: Fault;
  /** When the controller saw that the fault was made, milliseconds since 1970. */
  readonly injectedAt: number;
  readonly recovery: KubeletIncident;
  readonly detection: Detection;
}

function acted({ fault, recovery, detection }: DrillStory): readonly Part[] {
  const { status, spec } = recovery;
  const facts = FAULTS[fault];
  const waitsMs = facts.waitsMs(detection) + WORK_MS;
  const step = status.steps?.find(isActStep);
  const what = `${step?.action ?? facts.cure} asked for`;
  const at = fromTime(step?.startedAt);
  if (!spec.plan.remediation.cordon) return [{ what, at, limitMs: waitsMs }];
  return [
    { what: 'cordoned', at: fromTime(status.timings?.cordonedAt), limitMs: waitsMs },
    { what, at, limitMs: WORK_MS },
  ];
}

function uncordoned({ recovery: { status, spec } }: DrillStory): readonly Part[] {
  const { cordon, uncordon, verify } = spec.plan.remediation;
  if (!cordon || !uncordon) return [];
  const at = fromTime(findStep(status, UNCORDON_STEP)?.finishedAt);
  return [{ what: 'uncordoned', at, limitMs: durationMs(verify.stableFor) + WORK_MS }];
}

function partsOf(story: DrillStory): readonly Part[] {
  const { fault, recovery, detection } = story;
  const { status, spec } = recovery;
  const { evidence, remediation } = spec.plan;
  return [
    {
      what: 'noticed',
      at: fromTime(findStep(status, HOST_STEP)?.startedAt),
      limitMs: FAULTS[fault].noticedMs(detection),
    },
    {
      what: 'evidence saved',
      at: fromTime(status.timings?.evidenceAt),
      limitMs: durationMs(evidence.deadline) + WORK_MS,
    },
    ...acted(story),
    { what: 'Ready', at: fromTime(status.timings?.readyAt), limitMs: durationMs(remediation.verify.timeout) },
    ...uncordoned(story),
  ];
}

/** Each from the one before it; where that one did not come, from the one before that. */
export function drillTimes(story: DrillStory): DrillTime[] {
  let last = story.injectedAt;
  return partsOf(story).map(({ what, at, limitMs }) => {
    const limit = formatDuration(limitMs);
    if (at === undefined) return { what, limit };
    // Times of the API have whole seconds.
    const took = formatDuration(Math.max(0, at - last));
    last = Math.max(last, at);
    return { what, took, limit };
  });
}

export function isInTime({ took, limit }: DrillTime): boolean {
  return took !== undefined && durationMs(took) <= durationMs(limit);
}
