/** The bucket that evidence is copied into, as the controller is given it. */
import type { BucketSettings } from '../../core/evidence/bucket-settings.ts';
import type { Bucket } from '../../ports/bucket.ts';

export interface EvidenceBucket {
  readonly settings: BucketSettings;
  readonly client: Bucket;
}
