/** The Log port on winston: one JSON line a record, on stderr. */
import { Writable } from 'node:stream';
import winston from 'winston';
import type { Log, LogFields } from '../ports/log.ts';
import { formatRecord } from './log-format.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  readonly level: LogLevel;
  /** Fields of every record. */
  readonly fields?: LogFields;
  /** Where lines go; by default stderr. */
  readonly stream?: Writable;
}

export interface ClosableLog extends Log {
  /**
   * Resolves when everything has been written out, which `process.exit` would lose, or after a second where nobody
   * reads. Records after it are dropped.
   */
  close(): Promise<void>;
}

/**
 * Bytes that may wait for the reader of the stream. A runtime whose shims hang reads no container's output, and that is
 * just when the agent must go on: records beyond this are lost, and counted.
 */
const WAITING_BYTES = 1_048_576;
const CLOSE_MS = 1_000;
/** Where winston puts the formatted text (winston: triple-beam). */
const FORMATTED = Symbol.for('message');

export function createLog(options: LogOptions): ClosableLog {
  const target = options.stream ?? process.stderr;
  // The fields travel as one value: winston gives `message`, `level` and `stack` among them meanings of its own.
  const line = winston.format.printf(({ level, message, fields }) =>
    formatRecord({ ts: new Date().toISOString(), level, message: String(message), fields: fields as LogFields }),
  );
  const logger = winston.createLogger({ level: options.level, format: line });
  // A logger is a stream of formatted records, and its transports are the streams that it is piped to.
  logger.pipe(createSink(target));
  let closed: Promise<void> | undefined;

  function scoped(base: LogFields): Log {
    const write = (level: LogLevel, message: string, fields: LogFields = {}): void => {
      if (closed !== undefined || !logger.isLevelEnabled(level)) return;
      logger.log({ level, message, fields: { ...base, ...fields } });
    };
    return {
      debug: (message, fields) => {
        write('debug', message, fields);
      },
      info: (message, fields) => {
        write('info', message, fields);
      },
      warn: (message, fields) => {
        write('warn', message, fields);
      },
      error: (message, fields) => {
        write('error', message, fields);
      },
      child: (fields) => scoped({ ...base, ...fields }),
    };
  }

  async function close(): Promise<void> {
    await new Promise<void>((resolve) => {
      // It ends its transports first.
      logger.once('finish', resolve);
      logger.end();
    });
    await flush(target);
  }

  return {
    ...scoped(options.fields ?? {}),
    close: () => (closed ??= close()),
  };
}

/** Takes every line at once: what the stream has no room for is counted, and the count is logged when there is room again. */
function createSink(target: Writable): Writable {
  let lost = 0;
  // A pipe that nobody reads any more must not end the program.
  target.on('error', () => undefined);
  return new Writable({
    objectMode: true,
    write(record: Readonly<Record<symbol, unknown>>, _encoding, done): void {
      const line = `${String(record[FORMATTED])}\n`;
      if (target.writableLength > WAITING_BYTES) lost++;
      else {
        target.write(lost === 0 ? line : lossNote(lost) + line);
        lost = 0;
      }
      done();
    },
  });
}

function lossNote(records: number): string {
  const message = 'Records were lost: nobody read the log';
  return `${formatRecord({ ts: new Date().toISOString(), level: 'warn', message, fields: { records } })}\n`;
}

/** Resolves when what was written to the stream is out. */
async function flush(target: Writable): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, CLOSE_MS);
    target.write('', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
