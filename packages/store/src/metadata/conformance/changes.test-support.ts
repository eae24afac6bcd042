import { expect, test } from 'vitest';
import type { Change } from '../changes.ts';
import { holdTopic, registerAgent, SETTINGS, soon } from '../pg/log.test-support.ts';
import type { Metadata } from '../port.ts';

export function changeConformance(metadata: () => Metadata): void {
  test('each kind of change is told', async () => {
    const stop = new AbortController();
    const { me, held } = await holdTopic(metadata(), 1);
    const next = await listenTo(metadata(), stop.signal);
    await metadata().topics.create('told', 1, SETTINGS, soon());
    expect(await next(1)).toEqual(['topics']);
    await metadata().agents.drain(me, soon());
    expect(await next(1)).toEqual(['agents']);
    await metadata().leases.release(me, [{ ...held[0]!, heir: undefined }], soon());
    expect(await next(1)).toEqual(['leases']);
    await metadata().leases.takeover(me, held, soon());
    expect(await next(1)).toEqual(['leases']);
    const [slot] = await metadata().groups.takeSlots(me, [7], soon());
    expect(await next(1)).toEqual(['groups']);
    await metadata().groups.releaseSlots(me, [{ ...slot!, heir: undefined }], soon());
    expect(await next(1)).toEqual(['groups']);
    await metadata().agents.fence(me, undefined, soon());
    expect(await next(2)).toEqual(['agents', 'leases']);
    await registerAgent(metadata());
    expect(await next(1)).toEqual(['agents']);
    await metadata().topics.delete(held[0]!.topicId, soon());
    expect(await next(2)).toEqual(['leases', 'topics']);
    stop.abort();
  });
}

/** Changes as they come; `next` resolves with all that came since the last call, once there are `count`. */
export async function listenTo(
  metadata: Metadata,
  signal: AbortSignal,
): Promise<(count: number) => Promise<Change[]>> {
  const seen: Change[] = [];
  let wake = (): void => undefined;
  const onChange = (change: Change): void => {
    seen.push(change);
    wake();
  };
  await metadata.changes.listen(onChange, signal);
  return async (count) => {
    while (seen.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return seen.splice(0).toSorted();
  };
}
