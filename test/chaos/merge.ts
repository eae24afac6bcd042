/** The parts of the history that each process wrote, put together by time into one. */
import { createReadStream, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { createInterface } from 'node:readline';
import type { PartialEvent } from './worker/recorder.ts';

/** The error of an operation whose process ended before it did. */
export const CRASHED = 'CRASHED';

export interface Part {
  readonly file: string;
  /** Nanoseconds since the run began at which its process was gone. */
  readonly endedNs: number | undefined;
}

/** Writes the whole history in place of its parts. */
export async function keepHistory(parts: readonly Part[], file: string): Promise<void> {
  await mergeHistory(parts, file);
  for (const part of parts) await rm(part.file);
}

/**
 * Writes the whole history. What a process began and did not finish before it was gone ends with `info` then. A last line
 * that is cut off was never followed by its call.
 */
export async function mergeHistory(parts: readonly Part[], file: string): Promise<void> {
  const sources = parts.map((part) => eventsOf(part));
  const heads = await Promise.all(sources.map((source) => take(source)));
  const output = createWriteStream(file, { mode: 0o600 });
  for (let i = 0; ; i++) {
    const next = earliest(heads);
    if (next === undefined) break;
    const event = heads[next]!;
    heads[next] = await take(sources[next]!);
    if (!output.write(`${JSON.stringify({ i, ...event })}\n`)) await once(output, 'drain');
  }
  output.end();
  await finished(output);
}

async function* eventsOf({ file, endedNs }: Part): AsyncGenerator<PartialEvent> {
  const open = new Map<string, PartialEvent>();
  let lastNs = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const event = parsed(line);
    if (event === undefined) break;
    lastNs = event.t;
    // An operation of each kind at a time.
    const key = `${event.f} ${event.process}`;
    if (event.type === 'invoke') open.set(key, event);
    else open.delete(key);
    yield event;
  }
  const t = Math.max(lastNs, endedNs ?? 0);
  for (const event of open.values()) yield { ...event, t, type: 'info', err: CRASHED };
}

function parsed(line: string): PartialEvent | undefined {
  try {
    return JSON.parse(line) as PartialEvent;
  } catch {
    return undefined;
  }
}

async function take(source: AsyncGenerator<PartialEvent>): Promise<PartialEvent | undefined> {
  const { value, done } = await source.next();
  return done === true ? undefined : value;
}

function earliest(heads: readonly (PartialEvent | undefined)[]): number | undefined {
  let first: number | undefined;
  for (const [index, head] of heads.entries()) {
    if (head === undefined) continue;
    if (first === undefined || head.t < heads[first]!.t) first = index;
  }
  return first;
}
