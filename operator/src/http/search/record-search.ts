/** Reads on and keeps what it looks for, until there is nothing more or a budget is used up. */
import type { SearchEnd, SearchFailure } from '@streamhouse/api/rest/records.ts';
import type { ConsumerRecord } from '@streamhouse/client/public/record.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { type ReadRequest, type RecordGateway, recordBytes } from '../record-gateway.ts';
import type { SearchCriteria } from './record-matcher.ts';
import type { Outcome } from './search-messages.ts';
import { filterFault, SearchThread } from './search-thread.ts';

export interface SearchFinding {
  readonly found: readonly ConsumerRecord[];
  readonly scanned: number;
  readonly failed: number;
  readonly firstFailure: SearchFailure | null;
  /** First offset that was not looked at. */
  readonly nextOffset: number;
  readonly endedBy: SearchEnd;
}

export class RecordSearch {
  readonly #gateway: RecordGateway;
  readonly #clock: Clock;
  #running = 0;

  constructor(gateway: RecordGateway, clock: Clock) {
    this.#gateway = gateway;
    this.#clock = clock;
  }

  /**
   * `recordsMax` of the request is how many are to be found.
   *
   * @throws InvalidRequest naming the expression; StreamError `overloaded` SEARCHES_BUSY.
   */
  async run(
    request: ReadRequest,
    criteria: SearchCriteria,
    signal: AbortSignal,
  ): Promise<SearchFinding> {
    if (this.#running >= LIMITS.apiSearchesMax) {
      const message = `${LIMITS.apiSearchesMax} searches run already`;
      throw new StreamError('overloaded', 'SEARCHES_BUSY', message, { retryAfterMs: 1_000 });
    }
    this.#running += 1;
    try {
      await using thread = await SearchThread.open(criteria, this.#clock, signal);
      return await this.#run(thread, request, signal);
    } finally {
      this.#running -= 1;
    }
  }

  async #run(
    thread: SearchThread,
    request: ReadRequest,
    signal: AbortSignal,
  ): Promise<SearchFinding> {
    const tally = new Tally(request);
    const inBatches = { ...request, recordsMax: LIMITS.apiSearchBatchRecords };
    for await (const records of this.#gateway.polls(inBatches, signal)) {
      const outcomes = await thread.look(records, signal);
      for (const [index, record] of records.entries()) {
        const outcome = outcomes[index];
        if (outcome === undefined && tally.isEmpty)
          throw filterFault(`takes too long, or too much memory, at offset ${record.offset}`);
        const endedBy = outcome === undefined ? 'time' : tally.add(record, outcome);
        if (endedBy !== undefined) return tally.finding(endedBy, thread.failure);
      }
    }
    return tally.finding('time', thread.failure);
  }
}

/** What was seen so far, and whether a budget allows more. */
class Tally {
  readonly #request: ReadRequest;
  readonly #found: ConsumerRecord[] = [];
  #foundBytes = 0;
  #scanned = 0;
  #bytes = 0;
  #failed = 0;
  #failedOffset: number | undefined;
  #nextOffset: number;

  constructor(request: ReadRequest) {
    this.#request = request;
    this.#nextOffset = request.offset;
  }

  get isEmpty(): boolean {
    return this.#scanned === 0;
  }

  /** Returns the budget that has no room for the record, or that it uses up. */
  add(record: ConsumerRecord, outcome: Outcome): SearchEnd | undefined {
    const bytes = recordBytes(record);
    if (outcome === 'found') {
      if (this.#found.length > 0 && this.#foundBytes + bytes > LIMITS.apiAnswerBytesMax)
        return 'found';
      this.#found.push(record);
      this.#foundBytes += bytes;
    }
    if (outcome === 'failed') {
      this.#failed += 1;
      this.#failedOffset ??= record.offset;
    }
    this.#scanned += 1;
    this.#bytes += bytes;
    this.#nextOffset = record.offset + 1;
    if (this.#found.length === this.#request.recordsMax) return 'found';
    if (this.#scanned === LIMITS.apiSearchRecordsMax) return 'records';
    return this.#bytes >= LIMITS.apiSearchBytesMax ? 'bytes' : undefined;
  }

  finding(endedBy: SearchEnd, message: string): SearchFinding {
    const offset = this.#failedOffset;
    return {
      found: this.#found,
      scanned: this.#scanned,
      failed: this.#failed,
      firstFailure: offset === undefined ? null : { offset, message },
      nextOffset: this.#nextOffset,
      endedBy: this.#nextOffset >= this.#request.end ? 'end' : endedBy,
    };
  }
}
