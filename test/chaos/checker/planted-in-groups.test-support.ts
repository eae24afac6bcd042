/** One anomaly of a consumer group put into a history that has none; undefined: it has no place for it. */
import type { AnomalyKind } from './anomaly.ts';
import type { HistoryEvent, Operation } from './history.ts';
import type { Plant } from './planted.test-support.ts';

type Own = Extract<Operation, { f: 'own' }>['value'];
type Consume = Extract<Operation, { f: 'consume' }>['value'];
type Commit = Extract<Operation, { f: 'commit' }>['value'];

type GroupAnomaly = Extract<
  AnomalyKind,
  'stale-generation' | 'double-owner' | 'group-skip' | 'commit-ahead'
>;

/** More than any partition of a random history has. */
const FAR = 1_000_000;

export const GROUP_PLANTS: Readonly<Record<GroupAnomaly, Plant>> = {
  'stale-generation': (events, pick) => {
    let latest = 0;
    // By process: what had been heard of when its commit began.
    const heard = new Map<string, number>();
    const stale = events.flatMap((event) => {
      const { f, type, process, value } = event;
      if (f === 'commit' && type === 'invoke') heard.set(process, latest);
      if (type === 'ok') latest = Math.max(latest, (value as Partial<Commit>).generation ?? 0);
      return isCommitted(event) && (heard.get(process) ?? 0) > 1 ? [event] : [];
    });
    return changed<Commit>(events, at(stale, pick), (value) => ({ ...value, generation: 1 }));
  },
  'double-owner': (events, pick) => {
    const owns = events.filter(
      ({ f, value }) => f === 'own' && (value as Own).change === 'assigned',
    );
    const pairs = owns.flatMap((event) => {
      const { generation = 0 } = event.value as Own;
      const before = owns.findLast((each) => each.i < event.i && isSamePlace(each, event));
      if (before === undefined || before.process === event.process || generation < 2) return [];
      return [{ event, generation: (before.value as Own).generation ?? 0 }];
    });
    const pair = at(pairs, pick);
    return changed<Own>(events, pair?.event, (value) => ({
      ...value,
      generation: pair?.generation ?? 0,
    }));
  },
  'group-skip': (events, pick) => {
    const records = events.flatMap(({ f, value }) =>
      f === 'consume' ? (value as Consume).records : [],
    );
    // In the middle of a poll: who reads it reads on.
    const left = at(
      records.filter(({ reads }) => reads.length > 2),
      pick,
    )?.reads[1]?.[1];
    return (
      (left &&
        events.map((event): HistoryEvent => {
          if (event.f !== 'consume') return event;
          const value = event.value as Consume;
          const parts = value.records.map((part) => ({
            ...part,
            reads: part.reads.filter(([, text]) => text !== left),
          }));
          return { ...event, value: { ...value, records: parts } };
        })) ||
      undefined
    );
  },
  'commit-ahead': (events, pick) =>
    changed<Commit>(events, at(events.filter(isCommittedAfterReads(events)), pick), (value) => ({
      ...value,
      offsets: value.offsets.map((each) => ({ ...each, offset: FAR })),
    })),
};

/** Whether its member has read there in this generation: else nobody may know which topic of the name it means. */
function isCommittedAfterReads(events: readonly HistoryEvent[]): (event: HistoryEvent) => boolean {
  return (event) => {
    if (!isCommitted(event)) return false;
    const { generation, offsets } = event.value as Commit;
    const isRead = ({ f, i, process, value }: HistoryEvent): boolean =>
      f === 'consume' &&
      i < event.i &&
      process === event.process &&
      (value as Consume).generation === generation &&
      (value as Consume).records.some(
        ({ topic, partition, reads }) =>
          reads.length > 0 &&
          offsets.some((place) => place.topic === topic && place.partition === partition),
      );
    return events.some(isRead);
  };
}

function isCommitted({ f, type, value }: HistoryEvent): boolean {
  return f === 'commit' && type === 'ok' && (value as Commit).offsets.length > 0;
}

/** Whether both name the identity of one topic. */
function isSamePlace(one: HistoryEvent, other: HistoryEvent): boolean {
  const [place] = (one.value as Own).partitions;
  const [same] = (other.value as Own).partitions;
  return (
    place?.topicId !== undefined &&
    place.topicId === same?.topicId &&
    place.partition === same.partition
  );
}

function changed<Value extends HistoryEvent['value']>(
  events: readonly HistoryEvent[],
  chosen: HistoryEvent | undefined,
  change: (value: Value) => Value,
): HistoryEvent[] | undefined {
  return (
    chosen &&
    events.map((event) =>
      event === chosen ? { ...event, value: change(event.value as Value) } : event,
    )
  );
}

function at<T>(choices: readonly T[], pick: number): T | undefined {
  return choices[pick % choices.length];
}
