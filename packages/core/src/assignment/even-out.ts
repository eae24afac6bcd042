/**
 * Evens out the loads of members that do not all subscribe to the same topics.
 *
 * Where A can give to B and B can give to C, one partition along each step makes A lighter and C heavier by one and leaves
 * B as it was. Such a path from a member to one whose load is smaller by two or more makes the loads more even, and when
 * there is none the sum of their squares is the least possible (Harvey, Ladner, Lovász and Tamir, "Semi-matchings for
 * bipartite graphs and load balancing", 2006). Moving single partitions from a fuller member to an emptier one does not
 * get there: B may be as full as A.
 *
 * Each search begins at the most loaded member. One that finds nobody has seen a closed set: no partition can leave it, and
 * none will enter it, since nobody outside has a higher load. Nobody in such a set is searched from again. One that finds
 * somebody takes a partition from a member that has the most, and no member comes to have as many by it: with P partitions
 * and N members that happens at most min(N, P / load) times for each load, so P (1 + ln N) times in all.
 */

/** What one member will own. */
export interface Share {
  readonly memberId: string;
  readonly cohort: Cohort;
  /** Partitions, those included that cannot move. */
  load: number;
  /** The partitions that can move. No list is empty. */
  readonly movable: Map<Topic, Piece[]>;
}

/** The members that subscribe to just the same topics. */
export interface Cohort {
  readonly topics: ReadonlySet<Topic>;
  readonly shares: readonly Share[];
}

export interface Topic {
  readonly name: string;
  /** Those that subscribe to it. */
  readonly cohorts: readonly Cohort[];
}

/** One partition. */
export interface Piece {
  readonly topic: Topic;
  readonly partition: number;
  /** Who owns it before, and still subscribes to its topic. */
  readonly owner: Share | undefined;
}

/** The first with the smallest load. */
export function leastLoaded(shares: readonly Share[]): Share | undefined {
  let least: Share | undefined;
  for (const share of shares) {
    if (least === undefined || share.load < least.load) least = share;
  }
  return least;
}

/** Lets `piece`, which counts in the load of `share`, move. */
export function release(share: Share, piece: Piece): void {
  const pieces = share.movable.get(piece.topic);
  if (pieces === undefined) share.movable.set(piece.topic, [piece]);
  else pieces.push(piece);
}

/** The order of `shares` settles which of several equal changes is made. */
export function evenOut(shares: readonly Share[]): void {
  const givers = new Set(shares);
  const cohorts = new Set(shares.map((share) => share.cohort));
  for (;;) {
    const giver = mostLoaded(givers);
    if (giver === undefined) return;
    const { receiver, steps } = search(giver, cohorts);
    if (receiver !== undefined) {
      shift(giver, receiver, steps);
      continue;
    }
    givers.delete(giver);
    for (const { shares: closed } of steps.keys()) {
      for (const share of closed) givers.delete(share);
    }
  }
}

function mostLoaded(shares: Iterable<Share>): Share | undefined {
  let most: Share | undefined;
  for (const share of shares) {
    if (most === undefined || share.load > most.load) most = share;
  }
  return most;
}

/** `giver` can give a partition of `topic`. */
interface Step {
  readonly giver: Share;
  readonly topic: Topic;
}

/** The step by which the members of a cohort can be given a partition. */
type Steps = ReadonlyMap<Cohort, Step>;

/** Who can give a partition of a topic. */
type Offers = ReadonlyMap<Topic, Share>;

/**
 * Whom `from` should give to, and the steps to all that it can give to. In rings, since each step stops one more partition:
 * of the nearest that can receive, the least loaded does.
 */
function search(
  from: Share,
  cohorts: ReadonlySet<Cohort>,
): { receiver: Share | undefined; steps: Steps } {
  const steps = new Map<Cohort, Step>();
  const unreached = new Set(cohorts);
  let ring: readonly Share[] = [from];
  while (ring.length > 0) {
    const offers = offersOf(ring);
    const found = findReceiver(unreached, offers, from.load - 2);
    if (found !== undefined) {
      const { receiver, step } = found;
      return { receiver, steps: steps.set(receiver.cohort, step) };
    }
    const next: Share[] = [];
    for (const [topic, giver] of offers) {
      for (const cohort of topic.cohorts) {
        if (!unreached.delete(cohort)) continue;
        steps.set(cohort, { giver, topic });
        next.push(...cohort.shares);
      }
    }
    ring = next;
  }
  return { receiver: undefined, steps };
}

function offersOf(givers: readonly Share[]): Offers {
  const offers = new Map<Topic, Share>();
  for (const giver of givers) {
    for (const topic of giver.movable.keys()) offers.set(topic, offers.get(topic) ?? giver);
  }
  return offers;
}

/** The least loaded member that can take what is offered, if it has no more than `loadMax`. */
function findReceiver(
  cohorts: Iterable<Cohort>,
  offers: Offers,
  loadMax: number,
): { receiver: Share; step: Step } | undefined {
  let found: { receiver: Share; step: Step } | undefined;
  for (const cohort of cohorts) {
    const receiver = leastLoaded(cohort.shares);
    if (receiver === undefined || receiver.load > loadMax) continue;
    if (found !== undefined && receiver.load >= found.receiver.load) continue;
    const step = bestStep(cohort, offers);
    if (step !== undefined) found = { receiver, step };
  }
  return found;
}

/** By the topic that its giver has most of, so that nobody loses all of one topic. */
function bestStep({ topics }: Cohort, offers: Offers): Step | undefined {
  let best: Step | undefined;
  let most = 0;
  for (const [topic, giver] of offers) {
    const count = giver.movable.get(topic)?.length ?? 0;
    if (count <= most || !topics.has(topic)) continue;
    best = { giver, topic };
    most = count;
  }
  return best;
}

/** Moves one partition along each step, from the last to the first. */
function shift(from: Share, receiver: Share, steps: Steps): void {
  let to = receiver;
  while (to !== from) {
    const step = steps.get(to.cohort);
    if (step === undefined) return;
    move(step.giver, to, step.topic);
    to = step.giver;
  }
}

/** Moves what `from` did not own before if it can, so that nothing stops for it. */
function move(from: Share, to: Share, topic: Topic): void {
  const pieces = from.movable.get(topic) ?? [];
  const strange = pieces.findLastIndex(({ owner }) => owner !== from);
  const [piece] = pieces.splice(strange, 1);
  if (piece === undefined) return;
  if (pieces.length === 0) from.movable.delete(topic);
  release(to, piece);
  from.load--;
  to.load++;
}
