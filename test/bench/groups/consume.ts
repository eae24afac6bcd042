/** What a group costs those who read through it: the same consumers as members, and with partitions that they assign themselves. */
import { type BenchContext, createTopic, inTurn, startStage } from '../bench.ts';
import { CONSUME_TARGET, CONSUMERS, fill, PARTITIONS, read, TAIL_RECORDS } from '../consume.ts';
import { type Figure, figure } from '../figure.ts';

export async function benchGroupConsume(context: BenchContext): Promise<Figure[]> {
  await using cluster = await startStage(context, { agents: 1, objects: 'directory' });
  const topic = await createTopic(cluster, 'groups-consume', PARTITIONS);
  const measureMs = context.options.seconds * 1_000;
  const figures: Figure[] = [];
  for (const consumers of CONSUMERS) {
    await fill(context, cluster, topic, TAIL_RECORDS);
    const pairs = await inTurn(context.options.runs, async (run) => {
      const rates = { assigned: 0, group: 0 };
      // Each goes first in turn: what the machine does besides favours neither.
      const kinds = ['assigned', 'group'] as const;
      for (const kind of run % 2 === 0 ? kinds : kinds.toReversed()) {
        const groupId = kind === 'group' ? `consume-${consumers}-${run}` : undefined;
        rates[kind] = await read(context, cluster, { topic, consumers, groupId, measureMs });
      }
      return rates;
    });
    figures.push(...figuresOf(consumers, pairs));
  }
  return figures;
}

interface Pair {
  readonly assigned: number;
  readonly group: number;
}

function figuresOf(consumers: number, pairs: readonly Pair[]): Figure[] {
  const name = `consume from the tail, ${consumers} consumers`;
  const [assigned, group, shares] = [
    pairs.map((pair) => pair.assigned),
    pairs.map((pair) => pair.group),
    pairs.map((pair) => (100 * pair.group) / pair.assigned),
  ];
  return [
    figure(`${name}, assigned`, 'records/s', assigned),
    figure(`${name}, through a group`, 'records/s', group, CONSUME_TARGET),
    figure(`${name}, group / assigned`, '%', shares),
  ];
}
