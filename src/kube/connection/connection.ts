/** How one API server is reached: its address, the TLS material and the credentials, each as of now. */

/** PEM texts. An object that is not the same as last time means that the files behind it have changed. */
export interface TlsMaterial {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly passphrase?: string;
  /** The name to expect in the server's certificate, where it is not the host of the URL. */
  readonly servername?: string;
  /** true: the server's certificate is not checked (`insecure-skip-tls-verify` of a kubeconfig). */
  readonly insecure?: boolean;
}

export interface Connection {
  /** `https://HOST:PORT`, with a path where the API server is behind one. */
  readonly server: string;
  /** URL of the proxy that leads to it, with the credentials that it takes; undefined: none. */
  readonly proxy?: string | undefined;
  /** Sent with each request, as for impersonation. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Called before each request; it must be cheap. */
  tls(): Promise<TlsMaterial>;
  /**
   * The value of the Authorization header; undefined: none is needed.
   * `refused`: the value that the server has just answered 401 to, so it must be read anew. Requests run side by side, so it
   * need not be the newest one.
   */
  authorization(refused?: string): Promise<string | undefined>;
}
