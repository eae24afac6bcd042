/**
 * Three consumers in one group: two join the first, then one leaves. Who owns what is shown whenever it changes: only
 * partitions that move are taken from anybody.
 *
 *     node hack/launch.mjs docs/examples/rebalance.ts [BOOTSTRAP]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Consumer, connectConsumer, type PartitionName } from '@streamhouse/client';
import { ensureTopic } from './ensure-topic.ts';

const TOPIC = 'shifts';
const PARTITIONS = 6;
const [bootstrap = 'localhost:9090'] = process.argv.slice(2);
const members = new Map<string, Consumer>();

function numbers(partitions: readonly PartitionName[]): string {
  return partitions.map(({ partition }) => partition).join(' ') || 'nothing';
}

async function join(name: string): Promise<void> {
  const consumer = await connectConsumer({ bootstrap, groupId: 'kitchen', clientId: name });
  members.set(name, consumer);
  await consumer.subscribe([TOPIC], {
    onAssigned: (partitions) => console.log(`  ${name} gets ${numbers(partitions)}`),
    onRevoked: (partitions) => console.log(`  ${name} gives back ${numbers(partitions)}`),
    onLost: (partitions) => console.log(`  ${name} has lost ${numbers(partitions)}`),
  });
}

async function leave(name: string): Promise<void> {
  await members.get(name)?.close();
  members.delete(name);
}

/** Waits until the partitions are dealt evenly. */
async function share(): Promise<void> {
  for (;;) {
    const counts = Array.from(members.values(), (member) => member.assignment().length);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (total === PARTITIONS && Math.max(...counts) - Math.min(...counts) <= 1) break;
    await sleep(50);
  }
  for (const [name, member] of members) console.log(`${name} owns ${numbers(member.assignment())}`);
}

await ensureTopic(bootstrap, TOPIC, PARTITIONS);
console.log('Ada joins');
await join('Ada');
await share();
console.log('Bo and Cy join');
await Promise.all([join('Bo'), join('Cy')]);
await share();
console.log('Bo leaves');
await leave('Bo');
await share();
await Promise.all([...members.keys()].map(leave));
