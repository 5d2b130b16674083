import { type Logger, pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from './config.ts';
import { redactFields } from './log-redaction.ts';

const CAUSES_MAX = 5;
/** What is written at once to a pipe is not torn apart by what others write (PIPE_BUF of pipe(7)), in bytes. */
const SHARED_WRITE_MAX = 4096;

/**
 * An error as its type, message, stack and code, with what caused it. Nothing else: drivers hang whole documents on
 * theirs.
 */
export function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : typeof error;
  const reason = 'reason' in error && typeof error.reason === 'string' ? { reason: error.reason } : {};
  const code =
    'code' in error && (typeof error.code === 'string' || typeof error.code === 'number')
      ? { code: error.code }
      : {};
  const cause =
    error.cause === undefined || depth >= CAUSES_MAX ? {} : { cause: describeError(error.cause, depth + 1) };
  return { type: error.name, message: error.message, ...reason, ...code, stack: error.stack, ...cause };
}

export interface LogOptions {
  readonly level: Config['logLevel'];
  readonly format: 'json' | 'pretty';
  readonly colors: boolean;
  /** Several processes write to the same output: lines stay whole, and for people name their process. */
  readonly shared?: boolean;
}

/** The log of the process. */
export interface ProcessLog {
  readonly log: Logger;
  readonly format: LogOptions['format'];
  /** Writes out what is still buffered. */
  readonly flush: () => void;
}

/** What is configured; where it is silent, lines for people on a terminal and JSON elsewhere. */
export function logOptionsOf(
  { logLevel, logFormat }: Pick<Config, 'logLevel' | 'logFormat'>,
  onTerminal: boolean,
): LogOptions {
  return { level: logLevel, format: logFormat ?? (onTerminal ? 'pretty' : 'json'), colors: onTerminal };
}

/** Writes to standard output: a JSON object per line, or lines for people. */
export function createLog(options: LogOptions): ProcessLog {
  const destination = pino.destination({
    dest: 1,
    sync: false,
    ...(options.shared === true ? { maxWrite: SHARED_WRITE_MAX } : {}),
  });
  const stream =
    options.format === 'json'
      ? destination
      : pretty({
          colorize: options.colors,
          ignore: options.shared === true ? 'hostname' : 'pid,hostname',
          translateTime: 'SYS:HH:MM:ss.l',
          singleLine: true,
          sync: true,
        });
  const log = pino(
    {
      level: options.level,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (fields) => redactFields(fields) },
      serializers: { err: describeError },
    },
    stream,
  );
  return {
    log,
    format: options.format,
    flush: () => {
      if (options.format === 'json') destination.flushSync();
    },
  };
}
