/** One POST to somebody outside of the cluster. */
export interface PostRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** PEM, in place of the certificates that the system trusts. */
  readonly ca?: string;
}

/** Its text is not read. */
export interface PostAnswer {
  readonly status: number;
  readonly retryAfter?: string;
}

/**
 * Follows no redirect, and reads no more than the head of the answer. It ends with the signal.
 * @throws `E_NOTIFY_UNREACHABLE`, whose message has neither the URL nor anything that the other side has said.
 */
export type Post = (request: PostRequest, signal: AbortSignal) => Promise<PostAnswer>;
