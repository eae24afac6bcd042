/** Faults of the network between two programs. */
import type { Edge } from '../stage/agents.ts';
import type { Direction } from '../stage/link.ts';
import type { Stage } from '../stage/stage.ts';
import { pickHolder, serves } from './agents.ts';
import { between, pick, type Random, type RunningFault, type StartFault } from './fault.ts';

const WAYS: readonly (readonly Direction[])[] = [['request', 'answer'], ['request'], ['answer']];
/** What a link without a fault adds at most, and a slow one. */
const SLOW_MS = [100, 800] as const;

type Manner = 'silent' | 'reset' | 'slow';

/**
 * One agent is cut off from its clients, from Postgres or from S3: packets get lost in both directions or in one, or every
 * connection is reset, or all of it is slow.
 */
export function partition(edge: Edge): StartFault {
  return async (stage, random) => {
    const { agent } = await pickHolder(stage, random);
    const link = agent.links[edge];
    const manner: Manner = pick(['silent', 'silent', 'silent', 'reset', 'slow'], random);
    const directions = pick(WAYS, random);
    const stuck = random() < 0.5 ? 'arrives' : 'is lost';
    const before = { ...link.counters };
    if (manner === 'silent') link.hold(directions);
    else if (manner === 'reset') link.cut();
    else link.delay(between(...SLOW_MS, random));
    const names =
      manner === 'silent' ? `${directions.join(' and ')}, what is stuck ${stuck}` : manner;
    return {
      target: `${agent.id}: ${names}`,
      holdMs: between(2_000, 6_000, random),
      felt: () => {
        const held = link.counters.heldBytes - before.heldBytes;
        const resets = link.counters.resets - before.resets;
        return held + resets > 0 ? `${held} bytes stuck or late, ${resets} resets` : undefined;
      },
      stop: async () => link.mend(stuck),
      isOver: () => serves(stage, agent),
    };
  };
}

const ANSWERS = [1, 4] as const;
/** Name of the prepared statement that publishes: it is in the bytes of each call. */
const PUBLISH = 'publish-object';

/** Postgres carries publishes out, and their answers get lost with the connection. */
export async function commitDrop(stage: Stage, random: Random): Promise<RunningFault> {
  const { agent } = await pickHolder(stage, random);
  const link = agent.links.postgres;
  const count = Math.floor(between(...ANSWERS, random));
  const before = link.counters.droppedAnswers;
  const dropped = (): number => link.counters.droppedAnswers - before;
  link.dropAnswers(PUBLISH, count);
  return {
    target: agent.id,
    holdMs: 0,
    felt: () => (dropped() === count ? `${count} answers of publishes were lost` : undefined),
    stop: async () => link.mend('arrives'),
    isOver: () => serves(stage, agent),
  };
}
