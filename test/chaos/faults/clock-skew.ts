/** Loaded before a program: shifts what `Date` says, and nothing else. Timers and monotonic clocks stay as they are. */
import { SKEW_VARIABLE } from './skew-variable.ts';

const skewMs = Number(process.env[SKEW_VARIABLE] ?? 0);
const { now } = Date;

globalThis.Date = class extends Date {
  static override now(): number {
    return now() + skewMs;
  }

  constructor(...args: readonly unknown[]) {
    if (args.length === 0) super(now() + skewMs);
    else super(...(args as [number]));
  }
} as DateConstructor;
