/**
 * Every series of the operator, each with what observes it. What all controllers have is named as dashboards know it from
 * client-go and controller-runtime. No label names a resource.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Exchange } from './kube/http-kube-api.ts';
import type { WorkQueue, WorkQueueObserver } from './kube/work-queue.ts';

/** Seconds: those of client-go's queue metrics, from 10 ns on, without what no clock here resolves. */
const QUEUE_BUCKETS = [0.0001, 0.001, 0.01, 0.1, 1, 10, 60, 300];
const RECONCILE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

type Outcome = Parameters<WorkQueueObserver['done']>[0];

/** As controller-runtime names them. */
const RESULTS: Readonly<Record<Outcome, string>> = {
  success: 'success',
  requeueAfter: 'requeue_after',
  error: 'error',
};

export class OperatorMetrics {
  readonly registry: Registry = new Registry();
  readonly #queues = new Map<string, WorkQueue>();
  readonly #adds = this.#counter('workqueue_adds_total', 'Keys added to a queue', ['name']);
  readonly #retries = this.#counter('workqueue_retries_total', 'Keys that failed', ['name']);
  readonly #queueSeconds = this.#histogram(
    'workqueue_queue_duration_seconds',
    'Time that a key waited until it was taken',
    QUEUE_BUCKETS,
    ['name'],
  );
  readonly #workSeconds = this.#histogram(
    'workqueue_work_duration_seconds',
    'Time to work on a key',
    QUEUE_BUCKETS,
    ['name'],
  );
  readonly #reconciles = this.#counter(
    'controller_runtime_reconcile_total',
    'Reconciles by result',
    ['controller', 'result'],
  );
  readonly #reconcileErrors = this.#counter(
    'controller_runtime_reconcile_errors_total',
    'Reconciles that failed',
    ['controller'],
  );
  readonly #reconcileSeconds = this.#histogram(
    'controller_runtime_reconcile_time_seconds',
    'Time of a reconcile',
    RECONCILE_BUCKETS,
    ['controller'],
  );
  readonly #leader = new Gauge({
    name: 'leader_election_master_status',
    help: '1 while this process leads',
    labelNames: ['name'],
    registers: [this.registry],
  });
  readonly #requests = this.#counter(
    'rest_client_requests_total',
    'Requests to the API server by status; <error> when there was no answer',
    ['code', 'method'],
  );
  readonly #readySeconds = this.#histogram(
    'streamhouse_operator_time_to_ready_seconds',
    'Time from the creation of a resource until it is Ready for the first time',
    RECONCILE_BUCKETS,
    ['kind'],
  );
  readonly #drift = this.#counter(
    'streamhouse_operator_drift_corrections_total',
    'Topics that were changed in Postgres and changed back',
  );
  readonly #watches = this.#counter(
    'streamhouse_operator_watches_total',
    'Watches begun: one for each kind and namespace, and one more for each that broke',
    ['kind'],
  );
  readonly #resyncs = this.#counter(
    'streamhouse_operator_resyncs_total',
    'Comparisons of all topics with Postgres',
  );
  readonly #differences = this.#counter(
    'streamhouse_operator_resync_differences_total',
    'Topics that a comparison found not to be as their resource says',
  );
  readonly #purgedRows = this.#counter(
    'streamhouse_operator_purged_rows_total',
    'Rows of deleted topics removed',
  );
  readonly #purgedObjects = this.#counter(
    'streamhouse_operator_purged_objects_total',
    'Objects of deleted topics deleted',
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.#queueGauge('workqueue_depth', 'Keys that are ready to be taken', (queue) => queue.depth);
    this.#queueGauge(
      'workqueue_unfinished_work_seconds',
      'Time that the keys in work have taken so far',
      (queue) => queue.unfinished().totalMs / 1000,
    );
    this.#queueGauge(
      'workqueue_longest_running_processor_seconds',
      'Time that the oldest key in work has taken so far',
      (queue) => queue.unfinished().longestMs / 1000,
    );
  }

  /** What is read at each scrape: the queue of the present term. */
  setQueue(name: string, queue: WorkQueue): void {
    this.#queues.set(name, queue);
  }

  queueObserver(name: string): WorkQueueObserver {
    const controller = name;
    return {
      added: () => this.#adds.inc({ name }),
      retried: () => this.#retries.inc({ name }),
      taken: (_, queuedMs) => this.#queueSeconds.observe({ name }, queuedMs / 1000),
      done: (outcome, workMs) => {
        this.#workSeconds.observe({ name }, workMs / 1000);
        this.#reconcileSeconds.observe({ controller }, workMs / 1000);
        this.#reconciles.inc({ controller, result: RESULTS[outcome] });
        if (outcome === 'error') this.#reconcileErrors.inc({ controller });
      },
    };
  }

  setLeader(name: string, isLeader: boolean): void {
    this.#leader.set({ name }, isLeader ? 1 : 0);
  }

  countRequest({ method, status }: Exchange): void {
    this.#requests.inc({ method, code: status === undefined ? '<error>' : String(status) });
  }

  observeReady(kind: string, ms: number): void {
    this.#readySeconds.observe({ kind }, Math.max(0, ms) / 1000);
  }

  countDriftCorrected(): void {
    this.#drift.inc();
  }

  countWatch(kind: string): void {
    this.#watches.inc({ kind });
  }

  observeResync(differences: number): void {
    this.#resyncs.inc();
    this.#differences.inc(differences);
  }

  countPurgedRows(rows: number): void {
    this.#purgedRows.inc(rows);
  }

  countPurgedObjects(objects: number): void {
    this.#purgedObjects.inc(objects);
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram(name: string, help: string, buckets: number[], labelNames: string[]): Histogram {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.registry] });
  }

  #queueGauge(name: string, help: string, read: (queue: WorkQueue) => number): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: ['name'],
      registers: [this.registry],
      collect: (): void => {
        for (const [queueName, queue] of this.#queues) gauge.set({ name: queueName }, read(queue));
      },
    });
  }
}
