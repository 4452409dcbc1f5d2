/** One artifact that was saved, or could not be: the line of a manifest. */
import * as z from 'zod/mini';
import { about, moment, text, whole } from '../../schema.ts';

export const EvidenceKind = z.enum([
  'GoroutineDump',
  'GoroutineCounts',
  'KubeletLog',
  'RuntimeLog',
  'RuntimeStacks',
  'ThreadStacks',
  'WatchdogDump',
  'ShimStacks',
  'KernelLog',
  'Processes',
  'UnitProperties',
  'RuntimeInfo',
  'KubeletConfig',
  'KubeletHealthz',
  'KubeletMetrics',
  'HostFacts',
  'Profile',
  'DeepCapture',
]);
export type EvidenceKind = z.infer<typeof EvidenceKind>;

export const EvidenceEntry = z.object({
  name: text(128, 'File name within the bundle, for example `goroutines-1.txt.gz`.'),
  kind: EvidenceKind.check(about('What it is.')),
  by: z.enum(['Agent', 'Controller']).check(about('Who took it.')),
  state: z.enum(['Captured', 'Failed']).check(about('Failed: it was tried, and `message` says why it is missing.')),
  at: moment('When it was taken (or given up).'),
  source: text(512, 'Where it comes from: a URL path, a unit, a file.'),
  location: z.optional(
    text(512, 'Where it is kept: `evidence://NAME` (a KubeletEvidence) or `spool://NODE/INCIDENT/FILE`.'),
  ),
  bytes: z.optional(whole(0, 9007199254740991, 'Size as stored, in bytes.')),
  sha256: z.optional(text(64, 'SHA-256 of the stored bytes, in hex.')),
  truncated: z.optional(z.boolean().check(about('It was longer than its bound; `message` says where it was cut.'))),
  redactions: z.optional(whole(0, 1000000000, 'Secrets blacked out.')),
  message: z.optional(text(1024, 'What a person should know of it.')),
});
export type EvidenceEntry = z.infer<typeof EvidenceEntry>;
