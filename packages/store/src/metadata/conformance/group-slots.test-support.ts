import { epoch } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { expect, test } from 'vitest';
import type { SlotFence, SlotLease } from '../groups.ts';
import { MANY, registerAgent, soon } from '../pg/log.test-support.ts';
import type { Metadata } from '../port.ts';
import {
  coordinate,
  freeSlots,
  generationOf,
  liveGroup,
  takeSlot,
} from './group-fixture.test-support.ts';

export function slotConformance(metadata: () => Metadata): void {
  const leaseOf = async (slot: number): Promise<SlotLease | undefined> => {
    const slots = await metadata().groups.slots(soon());
    return slots[slot];
  };

  test('all slots are there from the beginning, in order', async () => {
    const slots = await metadata().groups.slots(soon());
    expect(slots.map((lease) => lease.slot)).toEqual([...Array(LIMITS.groupSlots).keys()]);
  });

  test('takes free ones and those of a fenced holder, not those of a live one', async () => {
    const { incarnation: me, slot, epoch: first } = await coordinate(metadata());
    const other = await registerAgent(metadata());
    expect(await leaseOf(slot)).toEqual({ slot, holder: me, epoch: first });
    expect(await metadata().groups.takeSlots(other, [slot], soon())).toEqual([]);
    expect(await metadata().groups.takeSlots(me, [slot], soon())).toEqual([]);
    await metadata().agents.fence(me, undefined, soon());
    expect(await leaseOf(slot)).toEqual({ slot, holder: undefined, epoch: first });
    const taken = await metadata().groups.takeSlots(other, [slot], soon());
    expect(taken).toEqual([{ slot, holder: other, epoch: first + 1 }]);
    expect(await leaseOf(slot)).toEqual(taken[0]);
    await metadata().agents.fence(other, undefined, soon());
  });

  test('takes none for a fenced incarnation', async () => {
    const me = await registerAgent(metadata());
    const free = await freeSlots(metadata());
    await metadata().agents.fence(me, undefined, soon());
    expect(await metadata().groups.takeSlots(me, free, soon())).toEqual([]);
    expect(await freeSlots(metadata())).toEqual(free);
  });

  test('gives each slot once when agents take at the same time', MANY, async () => {
    for (let round = 0; round < 10; round++) {
      const free = await freeSlots(metadata());
      const takers = await Promise.all([registerAgent(metadata()), registerAgent(metadata())]);
      const taken = await Promise.all(
        takers.map((taker) => metadata().groups.takeSlots(taker, free, soon())),
      );
      const slots = taken.flat().map((lease) => lease.slot);
      expect(new Set(slots).size).toBe(slots.length);
      for (const taker of takers) await metadata().agents.fence(taker, undefined, soon());
    }
  });

  test('a release gives a slot to its heir at once, or to nobody when that is fenced', async () => {
    const { incarnation: me, slot, epoch: first } = await coordinate(metadata());
    const heir = (await coordinate(metadata())).incarnation;
    const { groups, agents } = metadata();
    expect(await groups.releaseSlots(me, [{ slot, epoch: first, heir }], soon())).toBe(1);
    expect(await leaseOf(slot)).toEqual({ slot, holder: heir, epoch: first + 1 });
    await agents.fence(me, undefined, soon());
    const back = [{ slot, epoch: epoch(first + 1), heir: me }];
    expect(await groups.releaseSlots(heir, back, soon())).toBe(1);
    expect(await leaseOf(slot)).toEqual({ slot, holder: undefined, epoch: first + 2 });
  });

  test('a release at another epoch, by somebody else or by a fenced holder changes nothing', async () => {
    const { incarnation: me, slot, epoch: first } = await coordinate(metadata());
    const { incarnation: other } = await coordinate(metadata());
    const { groups, agents } = metadata();
    const release = (by: typeof me, at: number): Promise<number> =>
      groups.releaseSlots(by, [{ slot, epoch: epoch(at), heir: other }], soon());
    expect(await release(me, first + 1)).toBe(0);
    expect(await release(other, first)).toBe(0);
    expect(await leaseOf(slot)).toEqual({ slot, holder: me, epoch: first });
    await agents.fence(me, undefined, soon());
    expect(await release(me, first)).toBe(0);
    expect(await leaseOf(slot)).toEqual({ slot, holder: undefined, epoch: first });
  });

  test('I-05: the epochs of a slot strictly increase through release, takeover and a new life', async () => {
    const { incarnation: me, slot, epoch: first } = await coordinate(metadata());
    await metadata().groups.releaseSlots(me, [{ slot, epoch: first, heir: undefined }], soon());
    const seen = [first, (await leaseOf(slot))!.epoch];
    const again = await takeSlot(metadata(), me, slot);
    const heir = await registerAgent(metadata(), 'coordinates-twice');
    await metadata().groups.releaseSlots(me, [{ ...again, heir }], soon());
    seen.push(again.epoch, (await leaseOf(slot))!.epoch);
    const reborn = await registerAgent(metadata(), 'coordinates-twice');
    seen.push((await takeSlot(metadata(), reborn, slot)).epoch);
    expect(seen).toEqual([0, 1, 2, 3, 4].map((more) => first + more));
    await metadata().agents.fence(reborn, undefined, soon());
  });

  test('tells which groups have members, by slot', async () => {
    const fences = [await coordinate(metadata()), await coordinate(metadata())];
    const [one, other, third] = [
      await liveGroup(metadata(), fences[0]!),
      await liveGroup(metadata(), fences[0]!),
      await liveGroup(metadata(), fences[1]!),
    ];
    const { groups } = metadata();
    const inhabited = async (...of: SlotFence[]): Promise<string[]> => {
      const ids = await groups.inhabited(
        Array.from(of, ({ slot }) => slot),
        soon(),
      );
      const known = [one, other, third].map(({ groupId }) => groupId);
      return ids.filter((id) => known.includes(id));
    };
    const both = [one.groupId, other.groupId].toSorted();
    expect(await inhabited(fences[0]!)).toEqual(both);
    expect(await inhabited(...fences)).toEqual([...both, third.groupId].toSorted());
    expect(await groups.inhabited([], soon())).toEqual([]);
    await groups.saveGeneration(fences[0]!, generationOf(one.groupId, 2, []), soon());
    expect(await inhabited(fences[0]!)).toEqual([other.groupId]);
  });
}
