import pino, { type Logger } from 'pino';
import type { LogLevel } from './settings.ts';

export type { Logger };

/** JSON lines on standard output. Messages are constants; what varies is a field. */
export function openLog(level: LogLevel, agentId: string): Logger {
  return pino({ level, base: { agentId }, timestamp: pino.stdTimeFunctions.isoTime });
}
