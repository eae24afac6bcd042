import { randomUUID } from 'node:crypto';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { HeartbeatRequest } from '@streamhouse/api/gen/streamhouse/v1/HeartbeatRequest.ts';
import {
  type HeartbeatResponse__Output as HeartbeatResponse,
  _streamhouse_v1_HeartbeatResponse_State as State,
} from '@streamhouse/api/gen/streamhouse/v1/HeartbeatResponse.ts';
import type { JoinGroupRequest } from '@streamhouse/api/gen/streamhouse/v1/JoinGroupRequest.ts';
import type { JoinGroupResponse__Output as JoinGroupResponse } from '@streamhouse/api/gen/streamhouse/v1/JoinGroupResponse.ts';
import type { LeaveGroupRequest } from '@streamhouse/api/gen/streamhouse/v1/LeaveGroupRequest.ts';
import type { LeaveGroupResponse__Output as LeaveGroupResponse } from '@streamhouse/api/gen/streamhouse/v1/LeaveGroupResponse.ts';
import type { SyncGroupRequest } from '@streamhouse/api/gen/streamhouse/v1/SyncGroupRequest.ts';
import type { SyncGroupResponse__Output as SyncGroupResponse } from '@streamhouse/api/gen/streamhouse/v1/SyncGroupResponse.ts';
import {
  type AgentChannel,
  callUnary,
  openAgentChannel,
  type UnaryOptions,
} from '@streamhouse/client/cluster/agent-channel.ts';
import { newBeatPhase, untilBeat } from '@streamhouse/client/group/beat-times.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { topicIdToBytes } from '@streamhouse/core/bytes/uuid.ts';
import { topicId as topicIdOf } from '@streamhouse/core/ids.ts';
import type { BeatCounts, IdleStartTask } from './protocol.ts';

const CALL_MS = 30_000;
const SESSION_MS = 10_000;
const CALLS_AT_ONCE = 20;

interface IdleMember {
  readonly channel: AgentChannel;
  readonly groupId: string;
  readonly memberId: string;
}

type Beats = ClientDuplexStream<HeartbeatRequest, HeartbeatResponse>;

/** Groups of one member each that does nothing but live. Each has a connection of its own, as programs do. */
export class IdleGroups {
  readonly #task: IdleStartTask;
  readonly #members: readonly IdleMember[];
  /** What ends the wait for the next beat. */
  readonly #cancels = new Map<Beats, () => void>();
  #answered = 0;
  #failed = 0;

  private constructor(task: IdleStartTask) {
    this.#task = task;
    this.#members = Array.from({ length: task.count }, (_, number) => ({
      channel: openAgentChannel(task.address),
      groupId: `${task.groupPrefix}-${number}`,
      memberId: randomUUID(),
    }));
  }

  static async start(task: IdleStartTask): Promise<IdleGroups> {
    const groups = new IdleGroups(task);
    await groups.#eachMember((member) => groups.#enter(member));
    return groups;
  }

  counts(): BeatCounts {
    return { answered: this.#answered, failed: this.#failed };
  }

  /** All take their leave. */
  async end(): Promise<void> {
    for (const [stream, cancel] of this.#cancels) {
      cancel();
      stream.cancel();
    }
    await this.#eachMember(async ({ channel, groupId, memberId }) => {
      await callUnary<LeaveGroupRequest, LeaveGroupResponse>(
        (...call) => channel.group.leaveGroup(...call),
        { groupId, memberId },
        callOptions(),
      );
      channel.close();
    });
  }

  /** A few at a time. */
  async #eachMember(act: (member: IdleMember) => Promise<void>): Promise<void> {
    for (let first = 0; first < this.#members.length; first += CALLS_AT_ONCE) {
      await Promise.all(this.#members.slice(first, first + CALLS_AT_ONCE).map(act));
    }
  }

  async #enter({ channel, groupId, memberId }: IdleMember): Promise<void> {
    const { topic: name, topicId } = this.#task;
    const { generation } = await callUnary<JoinGroupRequest, JoinGroupResponse>(
      (...call) => channel.group.joinGroup(...call),
      {
        groupId,
        memberId,
        clientId: 'bench',
        sessionTimeoutMs: SESSION_MS,
        rebalanceTimeoutMs: SESSION_MS,
        assignors: ['range'],
        topics: [name],
      },
      callOptions(),
    );
    const topic = { topicId: topicIdToBytes(topicIdOf(topicId)), partitions: 1 };
    const partitions = [{ topicId: topic.topicId, partition: 0 }];
    await callUnary<SyncGroupRequest, SyncGroupResponse>(
      (...call) => channel.group.syncGroup(...call),
      { groupId, memberId, generation, assignments: [{ memberId, partitions }], topics: [topic] },
      callOptions(),
    );
    this.#beatAlways(channel, { groupId, memberId, generation });
  }

  #beatAlways(channel: AgentChannel, request: HeartbeatRequest): void {
    const { heartbeatMs } = this.#task;
    const phaseMs = newBeatPhase(heartbeatMs, Math.random);
    const stream = this.#open(channel);
    const beat = (): void => {
      stream.write(request);
      const cancel = systemClock.schedule(
        untilBeat(systemClock.wallMs(), heartbeatMs, phaseMs),
        beat,
      );
      this.#cancels.set(stream, cancel);
    };
    beat();
  }

  #open(channel: AgentChannel): Beats {
    const stream = channel.group.heartbeat();
    let isOver = false;
    stream.on('data', ({ state }: HeartbeatResponse) => {
      if (state === State.STATE_STABLE) this.#answered++;
      else this.#failed++;
    });
    stream.on('error', () => {
      if (!isOver) this.#failed++;
      isOver = true;
    });
    return stream;
  }
}

function callOptions(): UnaryOptions {
  return { signal: new AbortController().signal, timeoutMs: CALL_MS, clock: systemClock };
}
