import { StreamError } from '@streamhouse/core/errors.ts';
import type { Refusal } from '@streamhouse/core/log/partition-log.ts';

/** Milliseconds after which a producer may find the partition open again. */
const REOPEN_MS = 50;

const REFUSALS: Readonly<Record<Refusal, () => StreamError>> = {
  notHolder: () =>
    new StreamError(
      'notHolder',
      'NOT_HOLDER',
      'this agent does not hold the partition: refresh metadata',
    ),
  draining: () =>
    new StreamError(
      'notHolder',
      'DRAINING',
      'the partition is being handed over: refresh metadata',
      {
        retryAfterMs: REOPEN_MS,
      },
    ),
  outOfOrder: () =>
    new StreamError(
      'conflict',
      'OUT_OF_ORDER',
      'a batch before this one is missing: send from there again',
    ),
  duplicateForgotten: () =>
    new StreamError(
      'conflict',
      'DUPLICATE_SEQUENCE',
      'the batch is in the log, but its offset is no longer known',
    ),
  unknownProducer: () =>
    new StreamError(
      'conflict',
      'UNKNOWN_PRODUCER',
      'the producer is not known here: begin again with a new id',
    ),
  producerFenced: () =>
    new StreamError(
      'fenced',
      'PRODUCER_FENCED',
      'a newer epoch of this producer has written: close this one',
    ),
  stopped: () =>
    new StreamError(
      'unavailable',
      'AGENT_STOPPED',
      'the agent stopped before the batch was published: send it again',
    ),
  outcomeUnknown: () =>
    new StreamError(
      'indefinite',
      'PUBLISH_UNKNOWN',
      'the agent stopped while the batch was being published',
    ),
};

/** The error that tells a producer why its batch is not in the log. */
export function refusalError(refusal: Refusal): StreamError {
  return REFUSALS[refusal]();
}
