/** A server for one person on one machine: who asks is on this machine, and may be anybody who is. */

export interface LocalRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** By lower-case name; of a header that was sent several times Node's join of them. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** UTF-8, bounded by the server. */
  readonly body: string;
}

/** An answer that goes on. */
export interface LocalStream {
  readonly write: (text: string) => void;
  /** Bytes that were written and not taken by the other side. */
  readonly pendingBytes: () => number;
  /** Cuts the connection. */
  readonly cut: () => void;
  readonly onEnd: (listener: () => void) => void;
}

export interface LocalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A text, or what writes the answer from then on. */
  readonly body: string | ((stream: LocalStream) => void);
}

export interface LocalServer {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/**
 * Binds 127.0.0.1 alone. @param port 0: any that is free.
 * @throws `E_HTTP_LISTEN` where the port is taken.
 */
export type ServeLocally = (
  port: number,
  handle: (request: LocalRequest) => Promise<LocalAnswer>,
) => Promise<LocalServer>;
