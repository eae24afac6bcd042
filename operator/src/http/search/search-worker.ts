/** The thread of a search. Whatever an expression does, it does here. */
import { parentPort, workerData } from 'node:worker_threads';
import {
  FilterFault,
  recordMatcher,
  type SearchCriteria,
  type SearchRecord,
} from './record-matcher.ts';
import {
  type Outcome,
  OUTCOMES,
  type SearchTask,
  type SearchWorkerMessage,
} from './search-messages.ts';

function tell(message: SearchWorkerMessage): void {
  parentPort?.postMessage(message);
}

function serve(criteria: SearchCriteria): void {
  const matchOf = recordMatcher(criteria);
  let hasFailed = false;
  const outcomeOf = (record: SearchRecord): Outcome => {
    const match = matchOf(record);
    if (typeof match === 'string') return match;
    if (!hasFailed) tell({ type: 'failed', message: match.failure });
    hasFailed = true;
    return 'failed';
  };
  parentPort?.on('message', ({ records, outcomes }: SearchTask) => {
    for (const [index, record] of records.entries())
      Atomics.store(outcomes, index, OUTCOMES.indexOf(outcomeOf(record)));
    tell({ type: 'done' });
  });
  tell({ type: 'ready' });
}

try {
  serve(workerData as SearchCriteria);
} catch (error) {
  if (!(error instanceof FilterFault)) throw error;
  tell({ type: 'refused', message: error.message });
}
