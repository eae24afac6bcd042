/** The thread that renews the session. It shares nothing with the main thread but messages. */
import { parentPort, workerData } from 'node:worker_threads';
import { runLoop } from '@streamhouse/core/async/run-loop.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { incarnation } from '@streamhouse/core/ids.ts';
import { openRenewer } from '@streamhouse/store/metadata/pg/renewer.ts';
import type { RenewWorkerData, RenewWorkerMessage } from './worker-lease.ts';

const data = workerData as RenewWorkerData;
const me = incarnation(data.incarnation);
const renewer = openRenewer({ url: data.metadataUrl, applicationName: `${data.agentId} lease` });
const stop = new AbortController();
let progressMs = systemClock.monotonicMs();

function tell(message: RenewWorkerMessage): void {
  parentPort?.postMessage(message);
}

// Listening keeps the thread alive until its owner ends it.
parentPort?.on('message', () => {
  progressMs = systemClock.monotonicMs();
});

await runLoop(
  {
    name: 'renew',
    everyMs: data.heartbeatIntervalMs,
    clock: systemClock,
    random: Math.random,
    signal: stop.signal,
    onError: (error) => tell({ type: 'failed', message: String(error) }),
  },
  async () => {
    const sentMs = systemClock.monotonicMs();
    if (sentMs - progressMs > data.stallMsMax)
      throw new Error('the main thread stands still: not renewing');
    if (await renewer.renew(me)) {
      tell({ type: 'renewed', sentMs });
    } else {
      stop.abort();
      tell({ type: 'refused' });
    }
  },
);
await renewer[Symbol.asyncDispose]();
