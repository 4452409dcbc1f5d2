/** The same fault on other nodes, or on this one before. */
import * as z from 'zod/mini';
import { about, atomicList, text } from '../../schema.ts';

/** Incidents that one incident names as having the same fault. */
export const MAX_LINKED = 16;

export const FleetPattern = z
  .object({
    summary: text(512, 'For example `4 of 12 nodes in the cluster, same line, all kubelet 1.12.10`.'),
    incidents: atomicList(text(253, 'An incident.'), MAX_LINKED, 'Other incidents with the same fingerprint.'),
  })
  .check(
    about('The same fault on other nodes, or on this node before. It is up to date as long as the incident is open.'),
  );
export type FleetPattern = z.infer<typeof FleetPattern>;
