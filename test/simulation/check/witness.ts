/**
 * Judges every change of the durable state as it happens, from what it has itself seen of the changes before: it shares no
 * state and no rule with the model of the store, so a store that forgets a check is found.
 */
import { type Epoch, type Incarnation, partitionKey } from '@streamhouse/core/ids.ts';
import type { PublishRun } from '@streamhouse/store/metadata/log.ts';
import type { StoreWitness } from '../model/witness.ts';

interface Seen {
  holder: Incarnation | undefined;
  epoch: number;
  nextOffset: number;
}

export class Witness implements StoreWitness {
  readonly #violate: (invariant: string, message: string) => void;
  readonly #partitions = new Map<string, Seen>();
  readonly #fenced = new Set<Incarnation>();
  readonly #keys = new Set<string>();
  publishedRuns = 0;

  constructor(violate: (invariant: string, message: string) => void) {
    this.#violate = violate;
  }

  published(by: Incarnation, run: PublishRun, objectKey: string): void {
    this.publishedRuns++;
    const key = partitionKey(run.topicId, run.partition);
    const seen = this.#of(key);
    const what = `${objectKey} with ${key}@${run.baseOffset}`;
    if (this.#fenced.has(by)) this.#violate('I-04', `${by} is fenced and publishes ${what}`);
    if (seen.holder !== by || seen.epoch !== run.epoch) {
      const held = `held by ${seen.holder} at epoch ${seen.epoch}`;
      this.#violate('I-04', `${by} publishes ${what} at epoch ${run.epoch}, ${held}`);
    }
    if (run.baseOffset !== seen.nextOffset)
      this.#violate('I-03', `${by} publishes ${what}, and ${seen.nextOffset} was next`);
    if (!this.#keys.has(objectKey)) this.#violate('I-08', `${objectKey} is published, not written`);
    seen.nextOffset = run.baseOffset + run.recordCount;
  }

  leaseChanged(key: string, holder: Incarnation | undefined, epoch: Epoch): void {
    const seen = this.#of(key);
    if (epoch <= seen.epoch)
      this.#violate('I-05', `${key} goes from epoch ${seen.epoch} to ${epoch}, to ${holder}`);
    seen.holder = holder;
    seen.epoch = epoch;
  }

  fenced(incarnation: Incarnation): void {
    this.#fenced.add(incarnation);
  }

  written(key: string, isTaken: boolean): void {
    if (isTaken) this.#violate('I-07', `${key} is used a second time`);
    this.#keys.add(key);
  }

  #of(key: string): Seen {
    let seen = this.#partitions.get(key);
    if (seen === undefined) {
      seen = { holder: undefined, epoch: 0, nextOffset: 0 };
      this.#partitions.set(key, seen);
    }
    return seen;
  }
}
