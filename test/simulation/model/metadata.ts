/** The metadata port over the database in memory. How a call gets there, and what becomes of it, is the caller's. */
import type { ChangeFeed } from '@streamhouse/store/metadata/changes.ts';
import type { GroupStore } from '@streamhouse/store/metadata/groups.ts';
import type { Metadata } from '@streamhouse/store/metadata/port.ts';
import type { Database } from './database.ts';
import type { GroupTable } from './group-table.ts';

/** Whether a call may change something: then a lost answer is an unknown outcome. */
export type CallEffect = 'read' | 'write';

/** Carries a call to where `apply` runs and its outcome back. */
export type Carrier = <T>(
  name: string,
  effect: CallEffect,
  signal: AbortSignal,
  apply: () => T,
) => Promise<T>;

const CLUSTER_ID = '00000000-0000-4000-8000-0000000000c1';

export function metadataOver(database: Database, changes: ChangeFeed, carry: Carrier): Metadata {
  const { topics } = database;
  return {
    topics: {
      create: (name, partitions, settings, signal) =>
        carry('create', 'write', signal, () => topics.create(name, partitions, settings)),
      alter: (id, change, signal) =>
        carry('alter', 'write', signal, () => topics.alter(id, change)),
      delete: (id, signal) => carry('delete', 'write', signal, () => topics.delete(id)),
      byName: (name, signal) => carry('byName', 'read', signal, () => topics.byName(name)),
      list: (signal) => carry('list', 'read', signal, () => topics.list()),
      partitions: (id, signal) => carry('partitions', 'read', signal, () => topics.partitions(id)),
    },
    agents: {
      register: (agent, signal) =>
        carry('register', 'write', signal, () => database.register(agent)),
      renew: (me, signal) => carry('renew', 'write', signal, () => database.renew(me)),
      live: (signal) => carry('live', 'read', signal, () => database.live()),
      drain: (me, signal) => carry('drain', 'write', signal, () => database.drain(me)),
      fence: (target, beat, signal) =>
        carry('fence', 'write', signal, () => database.fence(target, beat)),
      fenceAgent: (agentId, signal) =>
        carry('fenceAgent', 'write', signal, () => database.fenceAgent(agentId)),
    },
    leases: {
      all: (signal) => carry('leases', 'read', signal, () => database.leases()),
      counts: (pool, names, signal) =>
        carry('counts', 'read', signal, () => database.leaseCounts(pool, names)),
      takeover: (me, wanted, signal) =>
        carry('takeover', 'write', signal, () => database.takeover(me, wanted)),
      load: (me, wanted, signal) => carry('load', 'read', signal, () => database.load(me, wanted)),
      release: (me, handovers, signal) =>
        carry('release', 'write', signal, () => database.release(me, handovers)),
      holder: (id, partition, signal) =>
        carry('holder', 'read', signal, () => database.holder(id, partition)),
    },
    log: {
      publish: (request, signal) =>
        carry('publish', 'write', signal, () => database.publish(request)),
      runs: (id, partition, from, limit, signal) =>
        carry('runs', 'read', signal, () => topics.runs(id, partition, from, limit)),
      range: (id, partition, signal) =>
        carry('range', 'read', signal, () => topics.range(id, partition)),
      runByTimestamp: (id, partition, atMs, signal) =>
        carry('runByTimestamp', 'read', signal, () => topics.runByTimestamp(id, partition, atMs)),
      allocateProducerId: (signal) =>
        carry('allocateProducerId', 'write', signal, () => database.allocateProducerId()),
    },
    groups: groupsOver(database.groups, carry),
    stats: {
      write: (stats, signal) =>
        carry('writeStats', 'write', signal, () => database.writeStats(stats)),
      live: (limit, signal) => carry('liveStats', 'read', signal, () => database.liveStats(limit)),
    },
    changes,
    check: (signal) => carry('check', 'read', signal, () => undefined),
    clusterId: (signal) => carry('clusterId', 'read', signal, () => CLUSTER_ID),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function groupsOver(groups: GroupTable, carry: Carrier): GroupStore {
  return {
    slots: (signal) => carry('slots', 'read', signal, () => groups.slots()),
    takeSlots: (me, wanted, signal) =>
      carry('takeSlots', 'write', signal, () => groups.takeSlots(me, wanted)),
    releaseSlots: (me, handovers, signal) =>
      carry('releaseSlots', 'write', signal, () => groups.releaseSlots(me, handovers)),
    load: (fence, groupId, signal) =>
      carry('loadGroup', 'read', signal, () => groups.load(fence, groupId)),
    saveGeneration: (fence, group, signal) =>
      carry('saveGeneration', 'write', signal, () => groups.saveGeneration(fence, group)),
    saveAssignment: (fence, assignment, signal) =>
      carry('saveAssignment', 'write', signal, () => groups.saveAssignment(fence, assignment)),
    replaceMember: (fence, group, oldMemberId, member, signal) =>
      carry('replaceMember', 'write', signal, () =>
        groups.replaceMember(fence, group, oldMemberId, member),
      ),
    commit: (me, commits, signal) =>
      carry('commit', 'write', signal, () => groups.commit(me, commits)),
    reset: (fence, reset, signal) =>
      carry('reset', 'write', signal, () => groups.reset(fence, reset)),
    delete: (fence, groupId, signal) =>
      carry('deleteGroup', 'write', signal, () => groups.delete(fence, groupId)),
    offsets: (groupId, partitions, signal) =>
      carry('groupOffsets', 'read', signal, () => groups.offsets(groupId, partitions)),
    list: (after, limit, signal) =>
      carry('listGroups', 'read', signal, () => groups.list(after, limit)),
    describe: (groupId, signal) =>
      carry('describeGroup', 'read', signal, () => groups.describe(groupId)),
    inhabited: (slots, signal) =>
      carry('inhabitedGroups', 'read', signal, () => groups.inhabited(slots)),
  };
}
