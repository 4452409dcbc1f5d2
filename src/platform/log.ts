/** The Log port on winston: one JSON line a record, on stderr. */
import winston from 'winston';
import type { Log, LogFields } from '../ports/log.ts';
import { formatRecord } from './log-format.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  readonly level: LogLevel;
  /** Fields of every record. */
  readonly fields?: LogFields;
  /** Where lines go; by default stderr. */
  readonly stream?: NodeJS.WritableStream;
}

export interface ClosableLog extends Log {
  /** Resolves when everything has been written out: `process.exit` would lose it. */
  close(): Promise<void>;
}

export function createLog(options: LogOptions): ClosableLog {
  // The fields travel as one value: winston gives `message`, `level` and `stack` among them meanings of its own.
  const line = winston.format.printf(({ level, message, fields }) =>
    formatRecord({ ts: new Date().toISOString(), level, message: String(message), fields: fields as LogFields }),
  );
  const logger = winston.createLogger({ level: options.level, format: line });
  logger.add(new winston.transports.Stream({ stream: options.stream ?? process.stderr }));

  function scoped(base: LogFields): Log {
    const write = (level: LogLevel, message: string, fields: LogFields = {}): void => {
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

  return {
    ...scoped(options.fields ?? {}),
    close: () =>
      new Promise((resolve) => {
        logger.once('finish', () => {
          resolve();
        });
        logger.end();
      }),
  };
}
