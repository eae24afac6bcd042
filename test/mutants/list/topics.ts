/** Bugs in which topic is which, and in how many partitions it has. */
import type { Mutant } from '../mutant.ts';
import { tests } from '../trial.ts';

const TOPICS_SQL = 'packages/store/migrations/0002-topics.sql';
/** Has the later `alter_topic` and `delete_topic`. */
const OPERATOR_SQL = 'packages/store/migrations/0006-operator.sql';
const CONFORMANCE_TEST = 'packages/store/src/metadata/pg/conformance.test.ts';
const AGENT_TEST = 'agent/src/agent.test.ts';
const SCENARIO = 'test/scenario/topics.test.ts';
const VIEW = 'packages/client/src/cluster/cluster-view.ts';
const VIEW_TEST = 'packages/client/src/cluster/cluster-view.test.ts';

export const TOPIC_MUTANTS: readonly Mutant[] = [
  {
    id: 'offsets-by-topic-name',
    bug: 'a topic that is made again under its name takes up the log of the one that was deleted',
    invariants: ['I-02', 'I-28'],
    patches: [
      {
        file: TOPICS_SQL,
        find: '  PERFORM check_partitions_left(partition_count, cluster_max);\n',
        replace:
          '  PERFORM check_partitions_left(partition_count, cluster_max);\n' +
          '  UPDATE topics t SET deleted_at = NULL\n' +
          '  WHERE t.name = topic_name AND t.partitions = partition_count RETURNING * INTO created;\n' +
          '  IF FOUND THEN RETURN NEXT created; RETURN; END IF;\n',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'I-28')],
  },
  {
    id: 'delete-keeps-the-leases',
    bug: 'holders of a deleted topic can go on to publish to it',
    invariants: ['I-05', 'I-28'],
    patches: [
      {
        file: OPERATOR_SQL,
        find:
          '  UPDATE partitions p SET holder_incarnation = NULL, epoch = p.epoch + 1, epoch_start_offset = p.next_offset\n' +
          '  WHERE p.topic_id = id;\n',
        replace: '',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'I-28')],
  },
  {
    id: 'deleted-topic-not-dropped',
    bug: 'an agent keeps the partitions that Postgres no longer gives to it, and goes on serving them',
    invariants: ['I-28'],
    patches: [
      {
        file: 'agent/src/lease/placement-keeper.ts',
        find: 'this.#dropLost(snapshot);',
        replace: '',
      },
    ],
    killedBy: [tests(AGENT_TEST, 'I-28')],
  },
  {
    id: 'producer-stays-with-the-old-topic',
    bug: 'a producer sends to the id that a topic had before it was deleted and made again',
    invariants: ['I-28'],
    patches: [
      {
        file: 'packages/client/src/producer/topic-routes.ts',
        find: 'if (route !== undefined && route.topicId !== topic.topicId) this.#replace(route, topic);',
        replace: '',
      },
    ],
    killedBy: [tests(SCENARIO, 'I-28 what is sent to a name')],
  },
  {
    id: 'consumer-does-not-check-the-topic-id',
    bug: 'a consumer goes on at its offset in whatever topic has the name now',
    invariants: ['I-28'],
    patches: [
      {
        file: 'packages/client/src/consumer/fetcher.ts',
        find: 'topicId: reader.topicIdBytes,',
        replace:
          'topicId:\n' +
          '              cluster.view.topics.get(reader.topic)?.topicIdBytes ?? reader.topicIdBytes,',
      },
    ],
    killedBy: [tests(SCENARIO, 'I-28 a consumer that has read ahead')],
  },
  {
    id: 'client-mixes-topics-of-a-name',
    bug: 'a client takes the epochs of a deleted topic for those of the one that has its name now',
    invariants: ['I-28'],
    patches: [
      {
        file: VIEW,
        find: 'known?.topicId === topicId ? known.partitions : []',
        replace: 'known?.partitions ?? []',
      },
    ],
    killedBy: [tests(VIEW_TEST, 'I-28')],
  },
  {
    id: 'client-goes-back-to-an-older-topic',
    bug: 'an agent that is behind takes a client back to the topic that was deleted',
    invariants: ['I-28'],
    patches: [
      {
        file: VIEW,
        find: 'if (known !== undefined && known.createdAtMs > message.createdAtMs) return known;',
        replace: '',
      },
    ],
    killedBy: [tests(VIEW_TEST, 'I-28')],
  },
  {
    id: 'partitions-shrink',
    bug: 'a topic may get fewer partitions than it has',
    invariants: ['I-29'],
    patches: [
      {
        file: OPERATOR_SQL,
        find: 'IF altered.partitions < present.partitions THEN',
        replace: 'IF altered.partitions < 1 THEN',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'I-29')],
  },
  {
    id: 'client-loses-partitions',
    bug: 'an agent that is behind makes a client forget the partitions that were added',
    invariants: ['I-29'],
    patches: [
      {
        file: VIEW,
        find: '[...partitions, ...old.slice(partitions.length)]',
        replace: 'partitions',
      },
    ],
    killedBy: [tests(VIEW_TEST, 'I-29')],
  },
];
