/** Metrics of evidence in a bucket. */
export const BUCKET_METRICS = {
  bucket_objects_total: {
    by: 'controller',
    type: 'counter',
    labels: [],
    help: 'Artifacts that the controller has seen in the bucket.',
  },
  bucket_failures_total: {
    by: 'controller',
    type: 'counter',
    labels: ['reason'],
    help: 'Copies into the bucket that failed and are tried again: by the agent, by the bucket, or for another reason (Incident).',
  },
  bucket_waiting_incidents: {
    by: 'controller',
    type: 'gauge',
    labels: [],
    help: 'Incidents that are over, and of which not all evidence is known to be in the bucket.',
  },
  bucket_waiting_age_seconds: {
    by: 'controller',
    type: 'gauge',
    labels: [],
    help: 'How long ago the oldest of them ended; 0: there is none.',
  },
  bucket_last_success_timestamp_seconds: {
    by: 'controller',
    type: 'gauge',
    labels: [],
    help: 'When an incident was last found to be complete in the bucket, in seconds since 1970.',
  },
  bucket_refused: {
    by: 'controller',
    type: 'gauge',
    labels: [],
    help: '1: settings of the bucket are given, something is wrong with them, and nothing is copied.',
  },
} as const;
