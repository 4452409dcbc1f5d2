/** A log of one-line JSON records: a static message, and fields from a fixed vocabulary. */
export interface LogFields {
  readonly node?: string;
  readonly incident?: string;
  readonly policy?: string;
  readonly step?: string;
  readonly unit?: string;
  readonly reason?: string;
  readonly err?: unknown;
  readonly [field: string]: unknown;
}

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose every record carries these fields too. */
  child(fields: LogFields): Log;
}
