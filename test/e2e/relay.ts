import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface Relay extends AsyncDisposable {
  readonly port: number;
}

/** Lets those who reach this machine at `host` reach a port of its loopback. */
export async function openRelay(host: string, loopbackPort: number): Promise<Relay> {
  const workerData = { host, loopbackPort };
  const thread = new Worker(new URL('./relay-thread.ts', import.meta.url), { workerData });
  const [port] = (await once(thread, 'message')) as [number];
  return {
    port,
    async [Symbol.asyncDispose]() {
      await thread.terminate();
    },
  };
}
