/** A bucket of S3, as the controller uses it, and one PUT of a presigned request, which is all that an agent does. */

/** How an agent may write one object, and nothing else, for some minutes. */
export interface PresignedPut {
  /** A secret: whoever has it may write these bytes there. */
  readonly query: string;
  /** They are signed too: without them it is refused. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface StoredObject {
  readonly bytes: number;
  /** In hex, as the server has computed it; undefined: it keeps none. */
  readonly sha256?: string;
}

/** Each call ends with its signal. Messages of errors have no word of the other side but an error code of S3. */
export interface Bucket {
  /** @throws `E_BUCKET_REFUSED` where there are no credentials; `E_BUCKET_SETTINGS` where it would lead elsewhere. */
  presignPut(
    object: { readonly key: string; readonly bytes: number; readonly sha256: string },
    signal: AbortSignal,
  ): Promise<PresignedPut>;
  /** undefined: there is no such object. @throws `E_BUCKET_UNREACHABLE`, `E_BUCKET_REFUSED`. */
  find(key: string, signal: AbortSignal): Promise<StoredObject | undefined>;
  /** The bytes, piece by piece. @throws `E_BUCKET_UNREACHABLE`, `E_BUCKET_REFUSED`. */
  read(key: string, signal: AbortSignal): AsyncIterable<Buffer>;
}

export interface PutRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** It is asked for the next piece when the last one is on its way. */
  readonly body: AsyncIterable<Buffer>;
}

export interface PutAnswer {
  readonly status: number;
  /** The error code of S3, for example `RequestTimeTooSkewed`. */
  readonly code?: string;
}

/** Follows no redirect, and reads 4 KiB of an answer at most. @throws `E_BUCKET_UNREACHABLE`, what the body throws. */
export type Put = (request: PutRequest, signal: AbortSignal) => Promise<PutAnswer>;
