/**
 * Keeps what members own as far as it can be kept, and is as even as the subscriptions allow: no other assignment has a
 * smaller sum of squared loads. Where all members subscribe to the same topics, no assignment as even as this moves less.
 *
 * 1. Each member keeps what it validly owns and still subscribes to, and none of that can move yet.
 * 2. Each other partition goes to its least loaded subscriber, and these are evened out.
 * 3. What was kept can move too, and all is evened out.
 *
 * That is done in two steps so that what is withheld once is not withheld again. In the next generation members own this
 * result without what was withheld. As some best assignment, this one, keeps all that, step 2 finds one that does, and step
 * 3 moves nothing.
 */
import { compareText } from '../compare-text.ts';
import {
  type Assignment,
  type AssignmentMember,
  type Assignor,
  inOrder,
  partitionName,
  type TopicPartitionName,
} from './assignor.ts';
import {
  type Cohort,
  evenOut,
  leastLoaded,
  type Piece,
  release,
  type Share,
  type Topic,
} from './even-out.ts';
import { ownersOf } from './owners.ts';

export const stickyAssignor: Assignor = {
  name: 'sticky',

  assign(members, partitionCounts): Assignment {
    const { shares, topics } = layOut(members);
    const pieces = piecesOf(topics, partitionCounts, keepers(members, shares));
    for (const { owner } of pieces) if (owner !== undefined) owner.load++;
    dealFree(pieces);
    evenOut(shares);
    for (const piece of pieces) if (piece.owner !== undefined) release(piece.owner, piece);
    evenOut(shares);
    return new Map(shares.map((share) => [share.memberId, partitionsOf(share)]));
  },
};

/** Members in their order, and the topics that any of them reads. */
function layOut(members: readonly AssignmentMember[]): {
  shares: readonly Share[];
  topics: readonly Topic[];
} {
  const shares: Share[] = [];
  const topics = new Map<string, { name: string; cohorts: Cohort[] }>();
  const cohorts = new Map<string, { topics: ReadonlySet<Topic>; shares: Share[] }>();
  for (const { memberId, topics: names } of inOrder(members)) {
    const read = [...new Set(names)].sort(compareText);
    const key = JSON.stringify(read);
    const cohort = cohorts.get(key) ?? openCohort(read, topics);
    cohorts.set(key, cohort);
    const share: Share = { memberId, cohort, load: 0, movable: new Map() };
    cohort.shares.push(share);
    shares.push(share);
  }
  return { shares, topics: [...topics.values()] };
}

function openCohort(
  names: readonly string[],
  known: Map<string, { name: string; cohorts: Cohort[] }>,
): { topics: ReadonlySet<Topic>; shares: Share[] } {
  const topics = new Set<Topic>();
  const cohort = { topics, shares: [] };
  for (const name of names) {
    const topic = known.get(name) ?? { name, cohorts: [] };
    known.set(name, topic);
    topic.cohorts.push(cohort);
    topics.add(topic);
  }
  return cohort;
}

/** The valid owner of each claimed partition, by `partitionName`. */
function keepers(
  members: readonly AssignmentMember[],
  shares: readonly Share[],
): ReadonlyMap<string, Share> {
  const byMember = new Map(shares.map((share) => [share.memberId, share]));
  const owners = new Map<string, Share>();
  for (const [name, memberId] of ownersOf(members)) {
    const share = byMember.get(memberId);
    if (share !== undefined) owners.set(name, share);
  }
  return owners;
}

function piecesOf(
  topics: readonly Topic[],
  partitionCounts: ReadonlyMap<string, number>,
  owners: ReadonlyMap<string, Share>,
): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const topic of topics) {
    const partitionCount = partitionCounts.get(topic.name) ?? 0;
    for (let partition = 0; partition < partitionCount; partition++) {
      const owner = owners.get(partitionName({ topic: topic.name, partition }));
      const isKept = owner !== undefined && owner.cohort.topics.has(topic);
      pieces.push({ topic, partition, owner: isKept ? owner : undefined });
    }
  }
  return pieces;
}

/** First what has the fewest takers, which leaves little to even out. */
function dealFree(pieces: readonly Piece[]): void {
  const byTopic = Map.groupBy(
    pieces.filter(({ owner }) => owner === undefined),
    ({ topic }) => topic,
  );
  const dealt = [...byTopic].map(([topic, free]) => ({
    free,
    takers: topic.cohorts.flatMap((cohort) => cohort.shares),
  }));
  for (const { free, takers } of dealt.sort((a, b) => a.takers.length - b.takers.length)) {
    for (const piece of free) {
      const share = leastLoaded(takers);
      if (share === undefined) continue;
      share.load++;
      release(share, piece);
    }
  }
}

function partitionsOf({ movable }: Share): readonly TopicPartitionName[] {
  return [...movable.values()]
    .flat()
    .map(({ topic, partition }) => ({ topic: topic.name, partition }))
    .sort((a, b) => compareText(a.topic, b.topic) || a.partition - b.partition);
}
