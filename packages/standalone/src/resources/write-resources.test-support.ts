/** Writes topics until it is killed, and says what was answered: `name version` or `name deleted`. */
import { ALWAYS, TOPICS, testResources, topic } from './resources.test-support.ts';

const [home = '', life = ''] = process.argv.slice(2);
const { api } = await testResources({ home });

function tell(name: string, what: string): void {
  process.stdout.write(`${name} ${what}\n`);
}

async function work(lane: number): Promise<void> {
  for (let count = 0; ; count++) {
    const name = `t-${life}-${lane}-${count}`;
    const ref = { namespace: 'shop', name };
    const made = await api.create(TOPICS, topic(name), ALWAYS);
    tell(name, made.metadata.resourceVersion);
    const grown = await api.mergePatch<typeof made>(
      TOPICS,
      ref,
      { spec: { partitions: 2 } },
      {},
      ALWAYS,
    );
    tell(name, grown.metadata.resourceVersion);
    if (count % 3 > 0) continue;
    await api.delete(TOPICS, ref, undefined, ALWAYS);
    tell(name, 'deleted');
  }
}

await Promise.all([0, 1, 2, 3].map(work));
