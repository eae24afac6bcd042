/** What a history says in figures: one pass, nothing of it is kept but counts and times. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { HistoryEvent, Operation } from './checker/history.ts';
import { CRASHED } from './merge.ts';
import { IMPATIENT } from './stage/workers.ts';

export interface Summary {
  readonly events: number;
  readonly records: {
    readonly acknowledged: number;
    readonly failed: number;
    readonly unknown: number;
  };
  readonly operations: Readonly<Record<'ok' | 'fail' | 'info', number>>;
  /** Completed polls with something in them, and the records that they returned. */
  readonly polls: number;
  readonly read: number;
  /** Records that members of the group got, and commits that were answered well. */
  readonly group: { readonly read: number; readonly commits: number };
  /** Produce operations of clients with the SDK's default retries that lived to see the end, and those acknowledged within 30 s. */
  readonly retried: { readonly operations: number; readonly okWithin30s: number };
  /** Operations, polls included, that were well in the last `CALM_MS` before faults began; and how long that was. */
  readonly calm: { readonly ok: number; readonly seconds: number };
  /** Partitions, as `topic/partition`, with the outcome of their last operation, and when sends were acknowledged. */
  readonly partitions: ReadonlyMap<string, PartitionSummary>;
  /** Errors of sends by kind and reason. */
  readonly errors: Readonly<Record<string, number>>;
}

export interface PartitionSummary {
  last: 'ok' | 'fail' | 'info';
  readonly acknowledgedNs: number[];
}

const SLOW_NS = 30e9;

export const CALM_MS = 5_000;
const CALM_NS = CALM_MS * 1e6;

export async function summarize(file: string): Promise<Summary> {
  const counts = new Counts();
  for await (const line of createInterface({ input: createReadStream(file) }))
    counts.take(JSON.parse(line) as HistoryEvent);
  return counts.summary();
}

class Counts {
  readonly #records = { acknowledged: 0, failed: 0, unknown: 0 };
  readonly #operations = { ok: 0, fail: 0, info: 0 };
  readonly #partitions = new Map<string, PartitionSummary>();
  readonly #errors: Record<string, number> = {};
  readonly #invokedNs = new Map<string, number>();
  #events = 0;
  #polls = 0;
  #read = 0;
  readonly #group = { read: 0, commits: 0 };
  readonly #retried = { operations: 0, okWithin30s: 0 };
  readonly #calmOkNs: number[] = [];
  #calmFromNs: number | undefined;
  #calmToNs: number | undefined;
  #lastNs = 0;

  take({ t, process, type, f, value, err }: HistoryEvent): void {
    this.#events++;
    this.#lastNs = t;
    const operation = { f, value } as Operation;
    if (operation.f === 'phase' && operation.value.phase === 'warmup') this.#calmFromNs ??= t;
    if (operation.f === 'fault') this.#calmToNs ??= t;
    if (operation.f === 'phase' && operation.value.phase !== 'warmup') this.#calmToNs ??= t;
    const isCalm = this.#calmFromNs !== undefined && this.#calmToNs === undefined;
    if (isCalm && type === 'ok' && (f === 'send' || f === 'poll')) this.#calmOkNs.push(t);
    if (operation.f === 'poll' && type === 'ok') this.#takePoll(operation.value.records);
    if (operation.f === 'consume')
      for (const { reads } of operation.value.records) this.#group.read += reads.length;
    if (operation.f === 'commit' && type === 'ok') this.#group.commits++;
    if (operation.f === 'send') this.#takeSend(t, process, type, operation.value, err);
  }

  summary(): Summary {
    const calmToNs = this.#calmToNs ?? this.#lastNs;
    const calmFromNs = Math.max(this.#calmFromNs ?? 0, calmToNs - CALM_NS);
    return {
      events: this.#events,
      records: this.#records,
      operations: this.#operations,
      polls: this.#polls,
      read: this.#read,
      group: this.#group,
      retried: this.#retried,
      calm: {
        ok: this.#calmOkNs.filter((t) => t >= calmFromNs).length,
        seconds: (calmToNs - calmFromNs) / 1e9,
      },
      partitions: this.#partitions,
      errors: this.#errors,
    };
  }

  #takePoll(records: (Operation & { readonly f: 'poll' })['value']['records']): void {
    if (records.length > 0) this.#polls++;
    for (const { reads } of records) this.#read += reads.length;
  }

  #takeSend(
    t: number,
    process: string,
    type: HistoryEvent['type'],
    { topic, partition, values }: (Operation & { readonly f: 'send' })['value'],
    err: string | undefined,
  ): void {
    if (type === 'invoke') {
      this.#invokedNs.set(process, t);
      return;
    }
    if (err !== CRASHED && !isOf(process, IMPATIENT)) {
      this.#retried.operations++;
      const tookNs = t - (this.#invokedNs.get(process) ?? t);
      if (type === 'ok' && tookNs <= SLOW_NS) this.#retried.okWithin30s++;
    }
    this.#invokedNs.delete(process);
    this.#operations[type]++;
    this.#records[NAMES[type]] += values.length;
    if (err !== undefined) this.#errors[err] = (this.#errors[err] ?? 0) + 1;
    const key = `${topic}/${partition}`;
    const known = this.#partitions.get(key) ?? { last: type, acknowledgedNs: [] };
    known.last = type;
    if (type === 'ok') known.acknowledgedNs.push(t);
    this.#partitions.set(key, known);
  }
}

/** The lanes of a client are processes of their own: `c-orders.4f3a-0.0.0`. */
function isOf(process: string, client: string): boolean {
  return process.startsWith(`${client}-`);
}

const NAMES = { ok: 'acknowledged', fail: 'failed', info: 'unknown' } as const;
