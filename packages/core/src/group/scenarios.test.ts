import { partitionIndex, topicId, type TopicPartition } from '../ids.ts';
import {
  describeScenarios,
  type ScenarioCommand,
  type ScenarioMachine,
} from '../testing/scenario.test-support.ts';
import { type GroupEffect, type GroupEvent, stepGroup } from './group.ts';
import {
  checkCommit,
  type GroupState,
  loadGroup,
  newGroup,
  nextDeadlineMs,
} from './group-state.ts';
import { apply, isSave, NOT_STORED, type Save, savedEvent } from './group-store.test-support.ts';
import type { JoinRequest } from './member.ts';

const TOPIC = topicId('00000000-0000-4000-8000-000000000001');
const MEMBERS = ['a', 'b', 'c', 'd'];

describeScenarios(new URL('scenarios/', import.meta.url), newCoordinator);

/** A machine, what it has stored, and what is on its way there. */
function newCoordinator(): ScenarioMachine {
  let state = newGroup();
  let stored = NOT_STORED;
  const saves: Save[] = [];
  const calls: string[] = [];

  const step = (event: GroupEvent, nowMs: number): string[] => {
    const effects = stepGroup(state, event, nowMs);
    for (const effect of effects) if (isSave(effect)) saves.push(effect);
    return [printState(state), ...effects.map((effect) => `  -> ${printEffect(effect, calls)}`)];
  };
  const save = (nowMs: number): string[] => {
    const done = saves.shift();
    if (done === undefined) throw new Error('nothing is being saved');
    stored = apply(stored, done);
    return step(savedEvent(done), nowMs);
  };
  const token = (call: string): number => calls.push(call) - 1;

  return (command) => {
    const { name } = command;
    if (name === 'store' && command.flag('saves')) return save(command.number('at'));
    if (name === 'clock' && command.flag('ticks'))
      return step({ type: 'Tick' }, command.number('at'));
    if (name === 'clock' && command.flag('asked')) return [`due at ${nextDeadlineMs(state)}`];
    if (name === 'coordinator' && command.flag('fails')) {
      saves.length = 0;
      state = loadGroup(stored, command.number('at'));
      return [printState(state)];
    }
    if (command.flag('commits')) {
      return [checkCommit(state, name === 'nobody' ? '' : name, command.number('in')) ?? 'counts'];
    }
    return step(memberEvent(command, token), command.number('at'));
  };
}

function memberEvent(command: ScenarioCommand, token: (call: string) => number): GroupEvent {
  const memberId = command.name;
  if (command.flag('joins')) {
    const request = joinRequest(command);
    return { type: 'JoinRequested', token: token(`${memberId}'s join`), request };
  }
  if (command.flag('syncs')) {
    const assignments = new Map(
      MEMBERS.filter((id) => command.has(id)).map((id) => [id, partitions(command.list(id))]),
    );
    return {
      type: 'SyncRequested',
      token: token(`${memberId}'s sync`),
      memberId,
      generation: command.number('in'),
      assignments,
      topics: new Map([[TOPIC, 4]]),
    };
  }
  if (command.flag('beats'))
    return { type: 'HeartbeatReceived', memberId, generation: command.number('in') };
  if (command.flag('leaves')) return { type: 'LeaveRequested', memberId };
  throw new Error(`unknown: ${command.line}`);
}

function joinRequest(command: ScenarioCommand): JoinRequest {
  return {
    memberId: command.name,
    instanceId: command.has('as') ? command.text('as') : undefined,
    clientId: 'test',
    clientHost: '127.0.0.1',
    sessionTimeoutMs: command.number('session', 10_000),
    rebalanceTimeoutMs: command.number('rebalance', 10_000),
    topics: ['orders'],
    assignors: command.has('assignors') ? command.list('assignors') : ['sticky', 'range'],
    owned: partitions(command.list('owns')),
    ownedGeneration: command.number('since', 0),
  };
}

function partitions(indexes: readonly string[]): readonly TopicPartition[] {
  return indexes.map((index) => ({ topicId: TOPIC, partition: partitionIndex(Number(index)) }));
}

function printState({ phase, generation, members }: GroupState): string {
  const all = [...members].map(([id, member]) => {
    const owns = phase.kind === 'stable' ? ` ${printPartitions(member.partitions)}` : '';
    return `${id}${owns}${member.pending === undefined ? '' : ` (waits for ${member.pending.kind})`}`;
  });
  return `${phase.kind}, generation ${generation}: ${all.join(', ') || 'nobody'}`;
}

function printPartitions(all: readonly TopicPartition[]): string {
  return `[${all.map(({ partition }) => partition).join(' ')}]`;
}

function printEffect(effect: GroupEffect, calls: readonly string[]): string {
  switch (effect.type) {
    case 'JoinReply': {
      const members = effect.members.map(
        ({ memberId, owned }) => `${memberId} owns ${printPartitions(owned)}`,
      );
      const answer = `generation ${effect.generation} by ${effect.assignor}, led by ${effect.leaderId}`;
      return `${calls[effect.token]}: ${[answer, members.join(', ')].filter(Boolean).join(': ')}`;
    }
    case 'SyncReply':
      return `${calls[effect.token]}: ${printPartitions(effect.partitions)}`;
    case 'Refuse':
      return `${calls[effect.token]}: ${effect.refusal}`;
    case 'SaveGeneration': {
      const members = effect.next.members.map(({ memberId }) => memberId);
      return `save generation ${effect.next.generation}: ${members.join(' ') || 'nobody'}`;
    }
    case 'SaveAssignment': {
      const all = [...effect.assignments].map(([id, owned]) => `${id} ${printPartitions(owned)}`);
      return `save assignment of ${effect.generation}: ${all.join(', ')}`;
    }
    case 'ReplaceMember':
      return `save ${effect.member.memberId} in the place of ${effect.oldMemberId}`;
    case 'Tell':
      return `tell ${effect.memberId}: ${effect.news} (${effect.generation})`;
  }
}
