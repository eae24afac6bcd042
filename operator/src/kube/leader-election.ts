/**
 * One leader among replicas by a `coordination.k8s.io/v1` Lease, as client-go does it (tools/leaderelection): whoever holds it
 * renews it every 2 s; a candidate that has seen it unchanged for 15 s on its own clock takes it; a holder whose last renewal
 * began 10 s ago has stopped by then. No clock is compared with another, so what the lease says of times is for people.
 *
 * Unlike there, a candidate watches the lease: one that is given up is taken at once, and not at the next look.
 *
 * It is no fence: a process that stands still for long may finish a write after it lost the lease. Each write to Postgres
 * therefore names an epoch besides.
 */
import { type Clock, delay, type Random } from '@streamhouse/core/async/clock.ts';
import { Deadline } from './deadline.ts';
import { type KubeApi, KubeError, type KubeObject, type ResourceType } from './kube-api.ts';
import { microTime } from './micro-time.ts';

const LEASE: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  isNamespaced: true,
};

const LEASE_MS = 15_000;
const RENEW_DEADLINE_MS = 10_000;
const RETRY_MS = 2_000;
/** Share of RETRY_MS added at random. */
const RETRY_JITTER = 0.2;
/** Less than half of the deadline: one request that hangs does not cost the lease. */
const REQUEST_MS_MAX = 4_000;
/** As long as other watches last at least. */
const WATCH_SECONDS = 300;

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

/** One time of being the leader. */
export interface Term {
  /** Aborts when the lease is lost: stop at once. */
  readonly lost: AbortSignal;
  /** Aborts when the process is to end: finish what was begun. The lease is held until then. */
  readonly stop: AbortSignal;
  /** Whether nobody else can hold the lease now, by the clock: `lost` comes later in a process that stood still. */
  isHeld(): boolean;
}

export interface LeaderElectionOptions {
  readonly kube: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  /** Of the Lease. */
  readonly namespace: string;
  readonly name: string;
  /** Of this life of the process: one that restarts is another candidate. */
  readonly identity: string;
  /** An attempt at the lease that failed; the next one follows. */
  readonly onError: (error: unknown) => void;
  /** For `leader_election_master_status`. */
  readonly onChange?: (isLeader: boolean) => void;
}

/** What a candidate last saw and since when, on its own clock. */
interface Observed {
  readonly lease: Lease;
  readonly text: string;
  readonly sinceMs: number;
}

export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  #observed: Observed | undefined;
  /** When the last successful renewal began: others count their 15 s from a later moment. */
  #renewedMs = Number.NEGATIVE_INFINITY;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
  }

  /**
   * Calls `lead` each time this process becomes the leader, and takes part again once `lead` has ended. After `stop` it waits
   * for `lead`, releases the lease and resolves; what `lead` throws is thrown after the release.
   */
  async run(lead: (term: Term) => Promise<void>, stop: AbortSignal): Promise<void> {
    const { signal: uncut } = new AbortController();
    while (!stop.aborted) {
      // Not cut short by `stop`: a lease that was taken without our knowledge would not be given back.
      const isLeader = await this.#tryToHold(false, uncut);
      if (isLeader) await (stop.aborted ? this.#release() : this.#lead(lead, stop));
      await this.#standBy(stop);
    }
  }

  /** Until the lease is worth another look: it is free, has expired, or cannot be watched and a while has passed. Never rejects. */
  async #standBy(stop: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const seen = this.#observed;
    const leftMs = seen === undefined ? 0 : this.#leftMs(seen);
    if (seen !== undefined && isTaken(seen.lease) && leftMs > 0) {
      using expiry = new Deadline(clock, stop, leftMs);
      if (await this.#follow(seen.lease, expiry)) return;
    }
    await delay(clock, this.#jitteredMs(), stop).catch(() => {});
  }

  /** Resolves whether something came of it: the lease was given up or deleted, or the time until it may be taken is over. */
  async #follow({ metadata }: Lease, expiry: Deadline): Promise<boolean> {
    const { kube, namespace, name, onError } = this.#options;
    const { resourceVersion = '' } = metadata;
    const query = { namespace, name, resourceVersion, timeoutSeconds: WATCH_SECONDS };
    try {
      for await (const event of kube.watch<Lease>(LEASE, query, expiry.signal)) {
        if (event.type === 'BOOKMARK') continue;
        if (event.type === 'DELETED' || !isTaken(event.object)) return true;
        expiry.extend(this.#leftMs(this.#observe(event.object)));
      }
    } catch (error) {
      if (expiry.signal.aborted) return true;
      onError(error);
    }
    return false;
  }

  /** Until a lease that was seen may be taken. */
  #leftMs({ sinceMs }: Observed): number {
    return sinceMs + LEASE_MS - this.#options.clock.monotonicMs();
  }

  async #lead(lead: (term: Term) => Promise<void>, stop: AbortSignal): Promise<void> {
    const { clock, onChange } = this.#options;
    const lost = new AbortController();
    const ended = new AbortController();
    const isHeld = (): boolean =>
      !lost.signal.aborted && clock.monotonicMs() - this.#renewedMs < RENEW_DEADLINE_MS;
    const renewing = this.#renew(lost, ended.signal);
    onChange?.(true);
    try {
      await lead({ lost: lost.signal, stop, isHeld });
    } finally {
      ended.abort();
      await renewing;
      onChange?.(false);
      if (isHeld()) await this.#release();
    }
  }

  /** Renews until `ended`, or until the deadline has passed without a success: then it aborts `lost`. Never rejects. */
  async #renew(lost: AbortController, ended: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const lose = (): void => lost.abort(new KubeError('fenced', 'LEASE_LOST', 'the lease is lost'));
    const leftMs = (): number => this.#renewedMs + RENEW_DEADLINE_MS - clock.monotonicMs();
    let cancel = clock.schedule(leftMs(), lose);
    const over = AbortSignal.any([ended, lost.signal]);
    while (!over.aborted) {
      await delay(clock, Math.min(this.#jitteredMs(), leftMs()), over).catch(() => {});
      if (over.aborted) break;
      // Not cut short by `ended`: a renewal of unknown outcome could not be released.
      const isHeld = await this.#tryToHold(true, lost.signal);
      cancel();
      if (!isHeld && this.#holder !== this.#options.identity) lose();
      cancel = clock.schedule(leftMs(), lose);
    }
    cancel();
  }

  get #holder(): string | undefined {
    return this.#observed?.lease.spec?.holderIdentity;
  }

  #jitteredMs(): number {
    return RETRY_MS * (1 + RETRY_JITTER * this.#options.random());
  }

  /** One look at the lease and, where it may be written, one write. Never rejects. */
  async #tryToHold(isLeading: boolean, signal: AbortSignal): Promise<boolean> {
    const { clock, onError } = this.#options;
    using deadline = new Deadline(clock, signal, REQUEST_MS_MAX);
    const startMs = clock.monotonicMs();
    try {
      if (!(await this.#acquireOrRenew(isLeading, deadline.signal))) return false;
      this.#renewedMs = startMs;
      return true;
    } catch (error) {
      if (!signal.aborted) onError(error);
      return false;
    }
  }

  async #acquireOrRenew(isLeading: boolean, signal: AbortSignal): Promise<boolean> {
    const { kube, clock, namespace, name, identity } = this.#options;
    const now = microTime(clock.wallMs());
    const found = await kube.get<Lease>(LEASE, { namespace, name }, signal);
    if (found === undefined) {
      const spec = specOf(identity, now, now, 0);
      this.#observe(
        await kube.create<Lease>(LEASE, { metadata: { namespace, name }, spec }, signal),
      );
      return true;
    }
    const observed = this.#observe(found);
    const { lease } = observed;
    const isMine = lease.spec?.holderIdentity === identity;
    const isExpired = this.#leftMs(observed) <= 0;
    // A leader whose lease someone took, or took and gave back, is none: it has to begin anew.
    if (!isMine && (isLeading || (isTaken(lease) && !isExpired))) return false;
    const transitions = (lease.spec?.leaseTransitions ?? 0) + (isMine ? 0 : 1);
    const spec = specOf(
      identity,
      isMine ? (lease.spec?.acquireTime ?? now) : now,
      now,
      transitions,
    );
    // With the resourceVersion that was read: of two candidates one is refused.
    this.#observe(await kube.update<Lease>(LEASE, { ...lease, spec }, {}, signal));
    return true;
  }

  #observe(lease: Lease): Observed {
    const text = JSON.stringify(lease.spec);
    const isNews = this.#observed?.text !== text;
    const sinceMs = this.#observed?.sinceMs;
    const observed = {
      lease,
      text,
      sinceMs: isNews || sinceMs === undefined ? this.#options.clock.monotonicMs() : sinceMs,
    };
    this.#observed = observed;
    return observed;
  }

  /** Gives the lease up, so that the next leader need not wait; when it fails, it waits. */
  async #release(): Promise<void> {
    const { kube, clock, namespace, name, identity, onError } = this.#options;
    const never = new AbortController();
    using deadline = new Deadline(clock, never.signal, REQUEST_MS_MAX);
    this.#renewedMs = Number.NEGATIVE_INFINITY;
    try {
      const lease = await kube.get<Lease>(LEASE, { namespace, name }, deadline.signal);
      if (lease?.spec?.holderIdentity !== identity) return;
      const now = microTime(clock.wallMs());
      const spec = specOf('', now, now, lease.spec.leaseTransitions ?? 0);
      this.#observe(await kube.update<Lease>(LEASE, { ...lease, spec }, {}, deadline.signal));
    } catch (error) {
      onError(error);
    }
  }
}

function isTaken(lease: Lease): boolean {
  return (lease.spec?.holderIdentity ?? '') !== '';
}

function specOf(
  holderIdentity: string,
  acquireTime: string,
  renewTime: string,
  leaseTransitions: number,
): LeaseSpec {
  return {
    holderIdentity,
    leaseDurationSeconds: LEASE_MS / 1_000,
    acquireTime,
    renewTime,
    leaseTransitions,
  };
}
