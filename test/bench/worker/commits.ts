import { setTimeout as rest } from 'node:timers/promises';
import { connectConsumer, type Consumer, type PartitionName } from '@streamhouse/client/mod.ts';
import { until } from '../../harness/until.ts';
import { OpenLoopSchedule } from '../schedule.ts';
import { LatencyHistogram } from '../stats.ts';
import type { CommitsTask, OpenLoopResult } from './protocol.ts';

const CALLS_MAX = 1_000;
const JOIN_MS = 30_000;

/** The members of one group commit in turn, on schedule: an offset of one partition each time. */
export async function commits(task: CommitsTask): Promise<OpenLoopResult> {
  await using parts = new AsyncDisposableStack();
  const { bootstrap, groupId, topic } = task;
  const members: Consumer[] = [];
  for (let number = 0; number < task.members; number++) {
    members.push(parts.use(await connectConsumer({ bootstrap, groupId, autoCommit: false })));
  }
  await Promise.all(members.map((member) => member.subscribe([topic])));
  const owned = (): PartitionName[] => members.flatMap((member) => member.assignment());
  await until(() => owned().length === task.partitions, AbortSignal.timeout(JOIN_MS));
  return await new CommitLoad(members, task).run();
}

class CommitLoad {
  readonly #members: readonly Consumer[];
  readonly #task: CommitsTask;
  readonly #latencies = new LatencyHistogram();
  readonly #calls = new Set<Promise<void>>();
  #next = 0;
  #failed = 0;
  #lateMsMax = 0;

  constructor(members: readonly Consumer[], task: CommitsTask) {
    this.#members = members;
    this.#task = task;
  }

  async run(): Promise<OpenLoopResult> {
    const { commitsPerSecond, warmupMs, measureMs } = this.#task;
    const startMs = performance.now();
    const measureFromMs = startMs + warmupMs;
    const endMs = measureFromMs + measureMs;
    const schedule = new OpenLoopSchedule(commitsPerSecond, startMs);
    for (let nowMs = startMs; nowMs < endMs; nowMs = performance.now()) {
      for (const dueMs of schedule.due(nowMs, CALLS_MAX)) {
        this.#commit(dueMs, dueMs >= measureFromMs);
      }
      await rest(1);
    }
    await Promise.all(this.#calls);
    const [latencies, failed, lateMsMax] = [this.#latencies, this.#failed, this.#lateMsMax];
    return { latencies: latencies.toJSON(), failed, lateMsMax };
  }

  #commit(dueMs: number, isMeasured: boolean): void {
    const number = this.#next++;
    const member = this.#members[number % this.#members.length];
    const owned = member?.assignment() ?? [];
    const place = owned[Math.floor(number / this.#members.length) % owned.length];
    if (member === undefined || place === undefined) throw new Error('a member owns nothing');
    if (isMeasured) this.#lateMsMax = Math.max(this.#lateMsMax, performance.now() - dueMs);
    const call = member
      .commit([{ ...place, offset: number }])
      .then(
        () => {
          if (isMeasured) this.#latencies.record(performance.now() - dueMs);
        },
        () => {
          this.#failed++;
        },
      )
      .finally(() => this.#calls.delete(call));
    this.#calls.add(call);
  }
}
