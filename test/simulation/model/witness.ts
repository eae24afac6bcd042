import type { Epoch, Incarnation } from '@streamhouse/core/ids.ts';
import type { PublishRun } from '@streamhouse/store/metadata/log.ts';

/** Sees every change of the durable state as it happens, and judges it by rules of its own. */
export interface StoreWitness {
  /** A run is about to become visible. */
  published(by: Incarnation, run: PublishRun, objectKey: string): void;
  leaseChanged(partitionKey: string, holder: Incarnation | undefined, epoch: Epoch): void;
  fenced(incarnation: Incarnation): void;
  /** Bytes have come for a key: refused when it is taken. */
  written(key: string, isTaken: boolean): void;
}

/** Bugs that a store may have in a test: each must be found. */
export type StoreBug =
  | 'publish-without-fence'
  | 'publish-without-epoch'
  | 'publish-forgets-keys'
  | 'takeover-keeps-epoch'
  | 'release-forgets-epoch'
  | 'producers-in-memory';
