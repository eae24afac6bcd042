/** A client of the cluster as a process of its own: it does what its supervisor says, and ends with it. */
import { Following } from './following.ts';
import type { FromWorker, ToWorker, WorkerTask } from './protocol.ts';
import { readAll } from './reading.ts';
import { Recorder } from './recorder.ts';
import { Sending } from './sending.ts';
import { Sharing } from './sharing.ts';

// Ctrl-C and the end of a terminal reach the whole process group: the supervisor decides what they mean.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined);
process.on('disconnect', () => process.exit());

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

class Worker {
  readonly #recorder: Recorder;
  readonly #sending: Sending | undefined;
  readonly #following: Following | undefined;
  readonly #sharing: Sharing | undefined;

  constructor(task: WorkerTask) {
    const recorder = new Recorder(task.file, task.originNs);
    this.#recorder = recorder;
    const { role } = task;
    if (role.kind === 'reader') {
      void readAll(task, recorder).then(() => tell({ kind: 'finished' }));
      return;
    }
    this.#sending = new Sending(task, role, recorder, (topic, partition) =>
      tell({ kind: 'acknowledged', topic, partition }),
    );
    if (role.follows)
      this.#following = new Following(task, recorder, (positions) =>
        tell({ kind: 'polled', positions }),
      );
    if (role.commits !== undefined)
      this.#sharing = new Sharing(task, recorder, role.commits === 'itself');
    this.#sending.write(task.topics);
  }

  async handle(
    message: ToWorker & { readonly kind: Exclude<ToWorker['kind'], 'task'> },
  ): Promise<void> {
    switch (message.kind) {
      case 'topics':
        this.#following?.follow(message.topics);
        this.#sending?.write(message.topics);
        return;
      case 'reread':
        return this.#following?.reread();
      case 'quiet':
        await this.#sending?.stop();
        return tell({ kind: 'quiet' });
      case 'stop':
        await this.#following?.stop();
        await this.#sharing?.stop();
        this.#recorder[Symbol.dispose]();
        process.disconnect();
    }
  }
}

let worker: Worker | undefined;
process.on('message', (message: ToWorker) => {
  if (message.kind === 'task') worker = new Worker(message.task);
  // A failure ends the process with its stack, and the supervisor starts the next life.
  else void worker?.handle(message);
});
