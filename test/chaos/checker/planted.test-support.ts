/** One anomaly put into a history that has none; undefined: it has no place for it. */
import type { AnomalyKind } from './anomaly.ts';
import type { HistoryEvent, Operation, PartitionName } from './history.ts';
import { GROUP_PLANTS } from './planted-in-groups.test-support.ts';

type Read = [offset: number, value: string];
type Send = Extract<Operation, { f: 'send' }>['value'];

/** A record of the final reads. */
interface Spot {
  readonly place: PartitionName;
  readonly offset: number;
  readonly value: string;
}

export type Plant = (events: HistoryEvent[], pick: number) => HistoryEvent[] | undefined;

export const PLANTS: Readonly<Record<AnomalyKind, Plant>> = {
  ...GROUP_PLANTS,
  'lost-write': (events, pick) => {
    const all = finalReads(events);
    const spots = acknowledgedReads(events).filter((spot) =>
      all.some((each) => isAfter(each, spot)),
    );
    return without(events, at(spots, pick));
  },
  unseen: (events, pick) => {
    const all = finalReads(events);
    const spots = acknowledgedReads(events).filter(
      (spot) => !all.some((each) => isAfter(each, spot)),
    );
    return without(events, at(spots, pick));
  },
  'inconsistent-offsets': (events, pick) => {
    const [one, other] = neighbours(events, pick);
    return (
      one &&
      other &&
      withReads(events, (read, process) =>
        process === 'final' && read[1] === one.value ? [[read[0], other.value]] : [read],
      )
    );
  },
  duplicate: (events, pick) => {
    const [one, other] = neighbours(events, pick);
    return (
      one &&
      other &&
      withReads(events, (read) => (read[1] === other.value ? [[read[0], one.value]] : [read]))
    );
  },
  'aborted-read': (events, pick) => {
    const spot = at(acknowledgedReads(events), pick);
    return (
      spot &&
      events.map((event) =>
        isAnswer(event, spot.value) ? { ...event, type: 'fail', err: 'planted' } : event,
      )
    );
  },
  phantom: (events, pick) => {
    const spot = at(finalReads(events), pick);
    return (
      spot && withReads(events, (read) => [read[1] === spot.value ? [read[0], 'planted'] : read])
    );
  },
  'wrong-incarnation': (events, pick) => {
    const spot = at(finalReads(events), pick);
    const stray = at(
      events.flatMap(({ type, f, value }) => {
        const send = value as Send;
        if (f !== 'send' || type !== 'ok' || spot?.place.topic !== send.topic) return [];
        const isOther = send.topicId !== undefined && send.topicId !== spot.place.topicId;
        return isOther && send.partition === spot.place.partition ? send.values : [];
      }),
      pick,
    );
    if (spot === undefined || stray === undefined) return undefined;
    return withReads(events, (read) => [read[1] === spot.value ? [read[0], stray] : read]);
  },
  'poll-skip': (events, pick) => {
    const [, other] = neighbours(events, pick);
    const hasMore = finalReads(events).some((each) => other !== undefined && isAfter(each, other));
    if (other === undefined || !hasMore) return undefined;
    return withReads(events, (read, process) =>
      process === 'final' && read[1] === other.value ? [] : [read],
    );
  },
  'nonmonotonic-poll': (events, pick) => {
    const spot = at(finalReads(events), pick);
    return (
      spot &&
      withReads(events, (read, process) =>
        process === 'final' && read[1] === spot.value ? [read, read] : [read],
      )
    );
  },
  'nonmonotonic-send': (events, pick) => {
    const pairs = events.flatMap(({ type, f, value }) => {
      const { values } = value as Send;
      return f === 'send' && type === 'invoke' && values.length > 1 ? [values] : [];
    });
    const read = new Set(finalReads(events).map(({ value }) => value));
    const [one, other] =
      at(
        pairs.filter((values) => values.every((value) => read.has(value))),
        pick,
      ) ?? [];
    if (one === undefined || other === undefined) return undefined;
    return withReads(events, ([offset, value]) => [
      [offset, value === one ? other : value === other ? one : value],
    ]);
  },
};

function at<T>(choices: readonly T[], pick: number): T | undefined {
  return choices[pick % choices.length];
}

function finalReads(events: readonly HistoryEvent[]): readonly Spot[] {
  return events.flatMap(({ process, f, value }) => {
    if (f !== 'poll' || process !== 'final') return [];
    const { records } = value as Extract<Operation, { f: 'poll' }>['value'];
    return records.flatMap(({ reads, ...name }) => {
      const place = { ...name, topicId: finalTopicId(events, name.topic) };
      return reads.map(([offset, read]) => ({ place, offset, value: read }));
    });
  });
}

/** Of the topic that the final reads read. */
function finalTopicId(events: readonly HistoryEvent[], topic: string): string {
  const ids = events.flatMap(({ f, value }) => {
    const change = value as Extract<Operation, { f: 'topic' }>['value'];
    return f === 'topic' && change.topic === topic ? [change.topicId] : [];
  });
  return ids.at(-1) ?? topic;
}

/** Two records of the final reads, one right after the other; the first one was acknowledged. */
function neighbours(
  events: readonly HistoryEvent[],
  pick: number,
): readonly [Spot, Spot] | readonly [] {
  const spots = finalReads(events);
  const pairs = acknowledgedReads(events).flatMap((one) => {
    const other = spots.find((each) => isAfter(each, one) && each.offset === one.offset + 1);
    return other === undefined ? [] : [[one, other] as const];
  });
  return at(pairs, pick) ?? [];
}

function isAfter(one: Spot, { place: { topic, partition }, offset }: Spot): boolean {
  return one.place.topic === topic && one.place.partition === partition && one.offset > offset;
}

function isAnswer({ f, type, value }: HistoryEvent, record: string): boolean {
  return f === 'send' && type === 'ok' && (value as Send).values.includes(record);
}

function without(
  events: readonly HistoryEvent[],
  spot: Spot | undefined,
): HistoryEvent[] | undefined {
  return spot && withReads(events, (read) => (read[1] === spot.value ? [] : [read]));
}

/** The final reads of records that were acknowledged. */
function acknowledgedReads(events: readonly HistoryEvent[]): readonly Spot[] {
  const acknowledged = new Set(
    events.flatMap(({ f, type, value }) =>
      f === 'send' && type === 'ok' ? (value as Send).values : [],
    ),
  );
  return finalReads(events).filter(({ value }) => acknowledged.has(value));
}

function withReads(
  events: readonly HistoryEvent[],
  change: (read: Read, process: string) => readonly Read[],
): HistoryEvent[] {
  return events.map((event) => {
    if (event.f !== 'poll') return event;
    const value = event.value as Extract<Operation, { f: 'poll' }>['value'];
    const records = value.records.map((part) => ({
      ...part,
      reads: part.reads.flatMap(([offset, read]) => change([offset, read], event.process)),
    }));
    return { ...event, value: { records } };
  });
}
