/** Who is told, and the way to them. */
import type { NotificationSettings } from '../../core/notification/receiver.ts';
import type { Post } from '../../ports/outbound.ts';

export interface Outside {
  readonly post: Post;
  /** The text of a key of the Secret; undefined: there is none. */
  readonly secret: (key: string) => Promise<string | undefined>;
}

export interface Notifications extends NotificationSettings, Outside {
  /** Where the ledger is. */
  readonly namespace: string;
}
