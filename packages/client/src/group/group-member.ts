/** A consumer's membership in its group: carries out what `stepMembership` decides, in the background, never held up by polls. */
import type { JoinGroupRequest } from '@streamhouse/api/gen/streamhouse/v1/JoinGroupRequest.ts';
import type { JoinGroupResponse__Output as JoinAnswer } from '@streamhouse/api/gen/streamhouse/v1/JoinGroupResponse.ts';
import type { LeaveGroupRequest } from '@streamhouse/api/gen/streamhouse/v1/LeaveGroupRequest.ts';
import type { LeaveGroupResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/LeaveGroupResponse.ts';
import type { SyncGroupRequest } from '@streamhouse/api/gen/streamhouse/v1/SyncGroupRequest.ts';
import type { SyncGroupResponse__Output as SyncAnswer } from '@streamhouse/api/gen/streamhouse/v1/SyncGroupResponse.ts';
import { delay } from '@streamhouse/core/async/clock.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { GroupSettings } from '../consumer/consumer-settings.ts';
import type { CommitIdentity } from './committer.ts';
import type { CoordinatorCall, GroupCoordinator } from './coordinator.ts';
import type { GroupPartitions } from './group-partitions.ts';
import { type GroupPlace, groupPlace, keyOfMessage, messageOfKey } from './group-place.ts';
import { Heartbeats } from './heartbeats.ts';
import { type GenerationPlan, planGeneration } from './leader.ts';
import {
  type MembershipEffect,
  type MembershipEvent,
  type MembershipState,
  openMembership,
  stepMembership,
} from './membership.ts';
import { TopicWatch } from './topic-watch.ts';

/** Before a join after a refusal, so that a coordinator that is confused is not asked in a circle. */
const REJOIN_MS = 100;
/** A member that cannot take its leave is given up after its session timeout. */
const LEAVE_MS = 5_000;
/** A coordinator that runs answers a beat at once. */
const SILENCE_MS = 2_500;
const NOBODY: CommitIdentity = { memberId: '', generation: 0 };
const NO_PLAN: GenerationPlan = { assignments: [], topics: [] };

export interface GroupMemberOptions {
  readonly cluster: Cluster;
  readonly group: GroupSettings;
  readonly coordinator: GroupCoordinator;
  readonly partitions: GroupPartitions;
  readonly newMemberId: () => string;
  /** The membership has ended for good. */
  readonly onFailed: (error: StreamError) => void;
}

export class GroupMember implements AsyncDisposable {
  readonly #options: GroupMemberOptions;
  readonly #state = openMembership();
  readonly #topics: TopicWatch;
  readonly #heartbeats: Heartbeats;
  readonly #life = new AbortController();
  readonly #tasks = new Set<Promise<void>>();
  readonly #listeners = new Set<() => void>();
  /** What the last assignment gave, by key. */
  #places: ReadonlyMap<string, GroupPlace> = new Map();
  #joining = new AbortController();
  #isLeader = false;

  constructor(options: GroupMemberOptions) {
    this.#options = options;
    const { cluster, coordinator, group } = options;
    this.#topics = new TopicWatch({ cluster, onChange: () => this.#onTopicsChanged() });
    this.#heartbeats = new Heartbeats({
      coordinator,
      clock: cluster.clock,
      random: cluster.random,
      intervalMs: group.heartbeatIntervalMs,
      silenceMs: Math.min(SILENCE_MS, group.sessionTimeoutMs / 2),
      current: () => ({ groupId: group.groupId, ...this.identity }),
      onRebalancing: (memberId) => this.#step({ type: 'rebalancing', memberId }),
      onRefused: (memberId, error) => this.#step({ type: 'beatRefused', memberId, error }),
    });
  }

  get isOut(): boolean {
    return this.#state.phase === 'out';
  }

  /** What commits name. */
  get identity(): CommitIdentity {
    const { memberId, generation } = this.#state;
    return this.isOut ? NOBODY : { memberId, generation };
  }

  /** Resolves once it is not this one any more, and the member knows what it owns. */
  async otherIdentity(
    { memberId, generation }: CommitIdentity,
    signal: AbortSignal,
  ): Promise<void> {
    // The coordinator may know more than this member: it tells with the next beat.
    this.#heartbeats.beat();
    await this.#until(
      ({ phase, ...now }) =>
        (phase === 'stable' || phase === 'out') &&
        (now.memberId !== memberId || now.generation !== generation),
      signal,
    );
  }

  /** @throws StreamError `notFound` when a named topic is not there. */
  async select(topics: readonly string[] | RegExp, signal: AbortSignal | undefined): Promise<void> {
    await this.#topics.select(topics, signal);
  }

  /** Enters the group for what was selected, or takes part with that from the next generation on. */
  enter(): void {
    this.#heartbeats.start();
    this.#step({ type: 'subscribe', topics: this.#topics.names });
  }

  /** Gives back what it owns, without waiting for the program, and takes its leave. */
  async leave(): Promise<void> {
    this.#joining.abort();
    this.#step({ type: 'leave' });
    if (this.#state.phase === 'leaving') this.#options.partitions.releaseAll();
    await this.#until(({ phase }) => phase === 'out', this.#life.signal);
    this.#topics.forget();
    await Promise.all(this.#tasks);
  }

  /** What was to be revoked is not owned any more. */
  release(partitions: readonly string[]): void {
    this.#step({ type: 'released', partitions });
  }

  /** Ends the membership now: what it owns is lost. */
  abandon(): void {
    this.#step({ type: 'abandon' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort(new StreamError('conflict', 'CLOSED', 'the consumer is closed'));
    await this.#heartbeats[Symbol.asyncDispose]();
    await this.#topics[Symbol.asyncDispose]();
    await Promise.all(this.#tasks);
  }

  #step(event: MembershipEvent): void {
    const effects = stepMembership(this.#state, event, this.#options.newMemberId);
    for (const effect of effects) this.#carryOut(effect);
    if (this.isOut) this.#heartbeats.stop();
    for (const listener of [...this.#listeners]) listener();
  }

  #carryOut(effect: MembershipEffect): void {
    const { partitions, onFailed } = this.#options;
    switch (effect.type) {
      case 'join':
        this.#joining.abort();
        this.#joining = new AbortController();
        this.#run(this.#join(effect.round, effect.isRetry, this.#joining.signal));
        break;
      case 'assign':
        partitions.assign(effect.partitions.flatMap((key) => this.#places.get(key) ?? []));
        break;
      case 'revoke':
        if (this.#state.phase !== 'leaving') partitions.revoke(effect.partitions);
        break;
      case 'lose':
        partitions.lose(effect.partitions);
        break;
      case 'leave':
        this.#run(this.#takeLeave(effect.memberId));
        break;
      case 'fail':
        onFailed(effect.error);
        break;
    }
  }

  /** Topics that others subscribe to are the leader's concern; all others hear of it by a new generation. */
  #onTopicsChanged(): void {
    const { names } = this.#topics;
    const isOther = names.join() !== this.#state.topics.join();
    if (isOther || this.#isLeader) this.#step({ type: 'topicsChanged', topics: names });
  }

  async #join(round: number, isRetry: boolean, joining: AbortSignal): Promise<void> {
    const { cluster, group } = this.#options;
    const signal = AbortSignal.any([joining, this.#life.signal]);
    const call: CoordinatorCall = {
      signal,
      timeoutMs: Number.POSITIVE_INFINITY,
      attemptMs: group.rebalanceTimeoutMs + cluster.requestTimeoutMs,
    };
    try {
      if (isRetry) await delay(cluster.clock, REJOIN_MS, signal);
      const answer = await this.#askToJoin(call);
      this.#step({ type: 'joined', round, generation: answer.generation });
      const plan = await this.#plan(answer);
      const { partitions } = await this.#askToSync(plan, call);
      const places = await this.#placesOf(partitions.map(keyOfMessage));
      signal.throwIfAborted();
      const gone = this.#gone();
      this.#places = places;
      this.#step({ type: 'synced', round, partitions: [...places.keys()], gone });
      // What was told while this went on.
      this.#heartbeats.beat();
    } catch (error) {
      if (!signal.aborted) this.#step({ type: 'refused', round, error: toStreamError(error) });
    }
  }

  #askToJoin(call: CoordinatorCall): Promise<JoinAnswer> {
    const { coordinator, group } = this.#options;
    const { memberId, topics, claimed, ownedGeneration } = this.#state;
    return coordinator.call<JoinGroupRequest, JoinAnswer>(
      (client) =>
        (...words) =>
          client.joinGroup(...words),
      {
        groupId: group.groupId,
        memberId,
        ...(group.groupInstanceId === undefined ? {} : { groupInstanceId: group.groupInstanceId }),
        clientId: group.clientId,
        sessionTimeoutMs: group.sessionTimeoutMs,
        rebalanceTimeoutMs: group.rebalanceTimeoutMs,
        assignors: [...group.assignors.keys()],
        topics: [...topics],
        owned: [...claimed].map(messageOfKey),
        ownedGeneration,
      },
      call,
    );
  }

  #askToSync({ assignments, topics }: GenerationPlan, call: CoordinatorCall): Promise<SyncAnswer> {
    const { coordinator, group } = this.#options;
    return coordinator.call<SyncGroupRequest, SyncAnswer>(
      (client) =>
        (...words) =>
          client.syncGroup(...words),
      { groupId: group.groupId, ...this.identity, assignments, topics },
      call,
    );
  }

  async #plan({ leaderId, members, assignor }: JoinAnswer): Promise<GenerationPlan> {
    this.#isLeader = leaderId === this.#state.memberId;
    if (members.length === 0) return NO_PLAN;
    const chosen = this.#options.group.assignors.get(assignor);
    if (chosen === undefined) {
      const message = `the group uses the assignor "${assignor}", which this member does not have`;
      throw new StreamError('conflict', 'INCONSISTENT_ASSIGNORS', message);
    }
    await this.#topics.include(new Set(members.flatMap((member) => member.topics)));
    return planGeneration(members, this.#topics.topics, chosen);
  }

  /** Those of them whose topic is there: what was deleted in this moment is nobody's. */
  async #placesOf(keys: readonly string[]): Promise<Map<string, GroupPlace>> {
    const missing = this.#findPlaces(keys);
    if (missing.size < keys.length) await this.#topics.refresh();
    return this.#findPlaces(keys);
  }

  #findPlaces(keys: readonly string[]): Map<string, GroupPlace> {
    const wanted = new Set(keys);
    const places = new Map<string, GroupPlace>();
    for (const topic of this.#topics.topics.values()) {
      for (let partition = 0; partition < topic.partitions.length; partition++) {
        const place = groupPlace(topic, partition);
        if (wanted.has(place.key)) places.set(place.key, place);
      }
    }
    return places;
  }

  /** What it owns of topics that are deleted, or made again. */
  #gone(): string[] {
    return this.#options.partitions
      .places()
      .filter(({ topic, topicId }) => this.#topics.isGone(topic, topicId))
      .map(({ key }) => key);
  }

  /** A static member comes back: it is waited for. */
  async #takeLeave(memberId: string): Promise<void> {
    const { coordinator, group } = this.#options;
    this.#joining.abort();
    if (group.groupInstanceId !== undefined) return;
    const call = { signal: this.#life.signal, timeoutMs: LEAVE_MS, attemptMs: LEAVE_MS };
    await coordinator
      .call<LeaveGroupRequest, LeaveGroupResponse__Output>(
        (client) =>
          (...words) =>
            client.leaveGroup(...words),
        { groupId: group.groupId, memberId },
        call,
      )
      .catch(() => {
        // Then its session ends by itself.
      });
  }

  #until(isMet: (state: Readonly<MembershipState>) => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#listeners.delete(look);
        signal.removeEventListener('abort', onAbort);
      };
      const look = (): void => {
        if (!isMet(this.#state)) return;
        end();
        resolve();
      };
      const onAbort = (): void => {
        end();
        reject(signal.reason);
      };
      this.#listeners.add(look);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      else look();
    });
  }

  #run(work: Promise<void>): void {
    const task = work.finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }
}
