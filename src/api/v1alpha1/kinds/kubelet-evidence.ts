/**
 * KubeletEvidence: one artifact of one incident, or a part of it, kept in the API server. Immutable, and owned by its
 * incident: it goes when the incident does.
 */
import * as z from 'zod/mini';
import { ObjectMeta } from '../../meta.ts';
import { about, moment, text, whole } from '../../schema.ts';
import { EvidenceEntry } from '../parts/evidence.ts';

/**
 * Bytes that one object holds, before base64. etcd takes 1.5 MiB a request by default (etcd: `--max-request-bytes`), and a
 * dump of a kubelet takes about 20 KB.
 */
export const EVIDENCE_BYTES = 524_288;
/** The same as base64: characters, which are as many bytes. */
export const MAX_EVIDENCE_DATA = 4 * Math.ceil(EVIDENCE_BYTES / 3);
/** Parts of one artifact: 8 MiB together, more than any artifact takes in the spool. */
export const EVIDENCE_PARTS = 16;

/** Objects of one answer of a list: 6 MB together at most, which is what a controller of 160 MiB can read. */
export const EVIDENCE_PAGE = 8;

const EvidenceSpec = z
  .object({
    nodeName: text(253, 'The node that it was taken on. An agent writes those of its own node only.'),
    incident: text(253, 'The incident.'),
    incidentUID: text(64, 'Its UID.'),
    entry: EvidenceEntry.check(about('The line of the manifest: what it is, and the checksum of the whole artifact.')),
    part: z._default(whole(0, EVIDENCE_PARTS - 1, 'Which part of the artifact, from 0.'), 0),
    parts: z._default(whole(1, EVIDENCE_PARTS, 'How many parts it has.'), 1),
    expiresAt: z.optional(
      moment('It is deleted soon after. Absent: it lives as long as its incident. Set on what a person asked for.'),
    ),
    data: z._default(
      text(MAX_EVIDENCE_DATA, 'The bytes as stored (gzip), in base64; empty where the artifact is missing.'),
      '',
    ),
  })
  .check(
    about('What was saved.', {
      'x-kubernetes-validations': [
        { rule: 'self == oldSelf', message: 'evidence is immutable' },
        { rule: 'self.part < self.parts', message: 'part counts from 0 and is below parts' },
      ],
    }),
  );

export const KubeletEvidence = z
  .object({ metadata: ObjectMeta, spec: EvidenceSpec })
  .check(about('One artifact of an incident.'));
export type KubeletEvidence = z.infer<typeof KubeletEvidence>;
