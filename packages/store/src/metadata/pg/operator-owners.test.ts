import type { TopicId } from '@streamhouse/core/ids.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ClaimOutcome, OperatorEpoch, TopicWish } from '../operator.ts';
import type { OperatorMetadata } from '../port.ts';
import { createTestDatabase } from './database.test-support.ts';
import { SETTINGS, soon } from './log.test-support.ts';
import { claimOne, DAY_MS, topicOf, wishFor } from './operator.test-support.ts';

const NAMES = ['a.b', 'a_b', 'c'];
const OWNERS = 2;

type Step =
  | { readonly kind: 'claim'; readonly who: number; readonly partitions: number }
  | { readonly kind: 'release' | 'delete' | 'expire' | 'remake'; readonly who: number }
  | { readonly kind: 'apiCreate' | 'apiDelete' | 'deleteByHand'; readonly name: string }
  | { readonly kind: 'late' };

const who = fc.nat({ max: OWNERS - 1 });
const name = fc.constantFrom(...NAMES);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('claim' as const),
      who,
      partitions: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(...(['release', 'delete', 'expire', 'remake'] as const)),
      who,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(...(['apiCreate', 'apiDelete', 'deleteByHand'] as const)),
      name,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('late' as const) }) },
);

/** A resource as its operator sees it. `wants` is the topic that it has and has not given up. */
interface Actor {
  wish: TopicWish;
  wants: TopicId | undefined;
  /** Its last topic. */
  last: TopicId | undefined;
}

const OWNED: readonly ClaimOutcome['kind'][] = [
  ...(['created', 'adopted', 'restored', 'updated', 'unchanged'] as const),
];

class World {
  readonly #metadata: OperatorMetadata;
  readonly #epoch: OperatorEpoch;
  readonly #sql: (text: string, values: readonly unknown[]) => Promise<unknown>;
  readonly #actors: Actor[];
  /** Resources that are gone, with the topic that they had: what was asked for them may arrive late. */
  readonly #ghosts: { readonly uid: string; readonly topicId: TopicId }[] = [];

  constructor(
    metadata: OperatorMetadata,
    epoch: OperatorEpoch,
    sql: (text: string, values: readonly unknown[]) => Promise<unknown>,
    names: readonly string[],
  ) {
    this.#metadata = metadata;
    this.#epoch = epoch;
    this.#sql = sql;
    this.#actors = names.map((each, index) => ({
      wish: wishFor(each, { owner: { ...wishFor(`r-${index}`).owner, name: `r-${index}` } }),
      wants: undefined,
      last: undefined,
    }));
  }

  async run(each: Step): Promise<void> {
    switch (each.kind) {
      case 'claim':
        return this.#claim(this.#actor(each.who), each.partitions);
      case 'release':
      case 'delete':
      case 'expire':
        return this.#giveUp(this.#actor(each.who), each.kind);
      case 'remake': {
        // The resource is deleted in Kubernetes and applied again: another uid under the same name.
        const actor = this.#actor(each.who);
        await this.#giveUp(actor, 'delete');
        if (actor.last !== undefined)
          this.#ghosts.push({ uid: actor.wish.owner.uid, topicId: actor.last });
        actor.wish = { ...actor.wish, owner: { ...actor.wish.owner, uid: crypto.randomUUID() } };
        actor.last = undefined;
        return this.#claim(actor, 1);
      }
      case 'apiCreate':
        return ignoring(this.#metadata.topics.create(each.name, 1, SETTINGS, soon()));
      case 'apiDelete': {
        const topic = await this.#metadata.topics.byName(each.name, soon());
        if (topic !== undefined)
          await ignoring(this.#metadata.topics.delete(topic.topicId, soon()));
        return;
      }
      case 'late':
        for (const { uid, topicId } of this.#ghosts) {
          await this.#metadata.operator.release(this.#epoch, topicId, uid, soon());
          await this.#metadata.operator.softDelete(this.#epoch, topicId, uid, 0, soon());
        }
        return;
      case 'deleteByHand':
        await this.#deleteByHand(each.name);
    }
  }

  /** What must hold after every step. */
  async check(): Promise<void> {
    const topics = await this.#metadata.topics.list(soon());
    const names = topics.map((topic) => topic.name.replaceAll('.', '_'));
    expect(new Set(names).size).toBe(names.length);
    const uids = topics.flatMap(({ owner }) => (owner.kind === 'kubernetes' ? [owner.uid] : []));
    expect(new Set(uids).size).toBe(uids.length);
    for (const { wish, wants } of this.#actors) {
      if (wants === undefined) continue;
      const topic = topics.find((present) => present.topicId === wants);
      expect(topic).toMatchObject({ name: wish.topicName, owner: wish.owner });
    }
  }

  #actor(index: number): Actor {
    const actor = this.#actors[index];
    if (actor === undefined) throw new Error(`no actor ${index}`);
    return actor;
  }

  async #claim(actor: Actor, partitions: number): Promise<void> {
    const topicId = actor.wants;
    const wish = { ...actor.wish, partitions, specHash: `${partitions}`, topicId };
    const outcome = await claimOne(this.#metadata, this.#epoch, wish);
    if (!OWNED.includes(outcome.kind)) {
      expect(actor.wants).toBeUndefined();
      return;
    }
    const topic = topicOf(outcome);
    if (actor.wants !== undefined) expect(topic.topicId).toBe(actor.wants);
    actor.wants = topic.topicId;
    actor.last = topic.topicId;
  }

  async #giveUp(actor: Actor, how: 'release' | 'delete' | 'expire'): Promise<void> {
    const { last, wish } = actor;
    if (last === undefined) return;
    const { operator } = this.#metadata;
    if (how === 'release') await operator.release(this.#epoch, last, wish.owner.uid, soon());
    else {
      const graceMs = how === 'delete' ? DAY_MS : 0;
      await operator.softDelete(this.#epoch, last, wish.owner.uid, graceMs, soon());
      await operator.purge(this.#epoch, 100, soon());
    }
    actor.wants = undefined;
  }

  /** Somebody hides a topic in Postgres: its resource, if one still wants it, has it back at its next claim. */
  async #deleteByHand(topicName: string): Promise<void> {
    const text = `UPDATE topics SET deleted_at = now() WHERE name = $1 AND deleted_at IS NULL`;
    await this.#sql(text, [topicName]);
    for (const actor of this.#actors) {
      if (actor.wants === undefined || actor.wish.topicName !== topicName) continue;
      const outcome = await claimOne(this.#metadata, this.#epoch, actor.wish);
      expect(outcome).toMatchObject({ kind: 'restored', topic: { topicId: actor.wants } });
    }
  }
}

async function ignoring(promise: Promise<unknown>): Promise<void> {
  await promise.then(
    () => undefined,
    () => undefined,
  );
}

test('no name has two owners, and no topic is lost that its owner wants', {
  timeout: 120_000,
}, async () => {
  await using database = await createTestDatabase();
  const metadata = await database.open();
  const epoch = await metadata.operator.lead('one', soon());
  const names = fc.array(name, { minLength: OWNERS, maxLength: OWNERS });
  const steps = fc.array(step, { minLength: 1, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(names, steps, async (wanted, all) => {
      await database.sql('TRUNCATE topics, partitions');
      const world = new World(
        metadata,
        epoch,
        (text, values) => database.sql(text, values),
        wanted,
      );
      for (const each of all) {
        await world.run(each);
        await world.check();
      }
    }),
    { numRuns: 40 },
  );
});
