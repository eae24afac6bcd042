import pino, { type Logger } from 'pino';
import type { LogLevel } from './settings.ts';

export type { Logger };

/** JSON lines on standard output. Messages are constants; what varies is a field. */
export function openLog(level: LogLevel, instance: string): Logger {
  return pino({ level, base: { instance }, timestamp: pino.stdTimeFunctions.isoTime });
}
