/** What the sockets tell at one time. Each entry becomes text once, for all who are told and all that it is compared with. */
import type { LiveSnapshot } from '@streamhouse/api/live.ts';
import type { Agent } from '@streamhouse/api/rest/agents.ts';
import type { MonitoringMetrics } from '@streamhouse/api/rest/metrics.ts';

/** JSON of each, by name. */
type Entries = ReadonlyMap<string, string>;

export class LiveState {
  readonly sequence: number;
  readonly #metrics: MonitoringMetrics;
  readonly #topics: Entries;
  readonly #agents: Entries;
  readonly #groups: Entries;
  readonly #frames = new Map<string, Buffer>();

  constructor(sequence: number, metrics: MonitoringMetrics, agents: readonly Agent[]) {
    this.sequence = sequence;
    this.#metrics = metrics;
    this.#topics = entries(metrics.topicStats, ({ name }) => name);
    this.#agents = entries(agents, (agent) => agent.agent_id);
    this.#groups = entries(metrics.consumerLags, ({ groupId }) => groupId);
  }

  /** The founding frame. */
  monitoring(): Buffer {
    return this.#frame('monitoring', () => JSON.stringify(this.#metrics));
  }

  snapshot(): Buffer {
    return this.#frame('snapshot', () =>
      this.#event(
        { type: 'snapshot' },
        (name) => `[${[...this.#listed(name).values()].join(',')}]`,
      ),
    );
  }

  /** For those who were told `before` last: always the same one. */
  delta(before: LiveState): Buffer {
    const since = before.sequence;
    return this.#frame('delta', () =>
      this.#event({ type: 'delta', since }, (name) =>
        changes(before.#listed(name), this.#listed(name)),
      ),
    );
  }

  #event(head: object, list: (name: ListName) => string): string {
    const { throughput, latency, clusterHealth, timestamp } = this.#metrics;
    const { sequence } = this;
    const figures = { throughput, latency, clusterHealth };
    const start = JSON.stringify({ version: 1, ...head, sequence, timestamp, ...figures });
    return `${start.slice(0, -1)},"topics":${list('topics')},"agents":${list('agents')},"groups":${list('groups')}}`;
  }

  #listed(name: ListName): Entries {
    switch (name) {
      case 'topics':
        return this.#topics;
      case 'agents':
        return this.#agents;
      case 'groups':
        return this.#groups;
    }
  }

  #frame(name: string, make: () => string): Buffer {
    const known = this.#frames.get(name);
    if (known !== undefined) return known;
    const frame = Buffer.from(make());
    this.#frames.set(name, frame);
    return frame;
  }
}

type ListName = keyof Pick<LiveSnapshot, 'topics' | 'agents' | 'groups'>;

function entries<T>(items: readonly T[], nameOf: (item: T) => string): Entries {
  return new Map(items.map((item) => [nameOf(item), JSON.stringify(item)]));
}

function changes(before: Entries, now: Entries): string {
  const changed = [...now].filter(([name, text]) => before.get(name) !== text);
  const removed = [...before.keys()].filter((name) => !now.has(name));
  return `{"changed":[${changed.map(([, text]) => text).join(',')}],"removed":${JSON.stringify(removed)}}`;
}
