/** Specs of resources from a seed, good ones and bad ones: what a user writes, or a program that a user wrote. */

/** Values of each field, those that are taken and those that are refused; one that is absent is given as undefined. */
export type FieldValues = Readonly<
  Record<string, { readonly good: readonly unknown[]; readonly bad: readonly unknown[] }>
>;

export const TOPIC_VALUES: FieldValues = {
  partitions: { good: [1, 2, 3, 5], bad: [0, -1, 1e9, 'many'] },
  retention: { good: [{ time: '1h' }, { bytes: '1Gi' }], bad: [{ time: '-1d' }, {}] },
  deletionPolicy: { good: ['Delete', 'Retain'], bad: ['Sometimes'] },
  adoptionPolicy: { good: ['Adopt', 'Fail'], bad: ['Perhaps'] },
  topicName: { good: [undefined, undefined, 'shared', 'other.name', 'other_name'], bad: ['__no'] },
  config: { good: [{}, { compression: 'lz4' }], bad: [{ unknown: 'key' }] },
  deletionGracePeriod: { good: ['1h', '0s'], bad: ['soon'] },
  paused: { good: [false, false, false, true], bad: ['maybe'] },
  surprise: { good: [undefined], bad: [1] },
};

export const POOL_VALUES: FieldValues = {
  replicas: { good: [0, 1, 2, 3], bad: [-1, 1e6] },
  image: { good: [undefined, 'streamhouse:a', 'streamhouse:b'], bad: ['two words'] },
  zones: { good: [undefined, ['zone-0'], ['zone-0', 'zone-1']], bad: [['EU']] },
  connection: { good: [{}, { secretName: 'own' }], bad: [{ secretName: 'other/secret' }] },
  agent: {
    good: [{}, { logLevel: 'debug' }, { managedTopics: ['orders'] }],
    bad: [{ heartbeatInterval: '2s' }],
  },
  drain: { good: [{ timeout: '1s' }, { timeout: '5s' }], bad: [{ timeout: '2h' }] },
  rollout: { good: [{}, { maxUnavailable: 2 }, { paused: true }], bad: [{ maxUnavailable: 0 }] },
  podTemplate: {
    good: [{}, { labels: { team: 'a' } }],
    bad: [{ securityContext: { privileged: true } }],
  },
  surprise: { good: [undefined], bad: [1] },
};

export class Generated {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  pick<T>(items: readonly T[]): T {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) >>> 0;
    return items[(this.#state >>> 8) % items.length] as T;
  }

  /** With about two of three fields, and a bad value in one of three specs. */
  spec(values: FieldValues): object {
    const spoiled = this.pick([true, false, false]) ? this.pick(Object.keys(values)) : undefined;
    const fields = Object.entries(values).filter(
      ([field]) => this.pick([true, true, false]) || field === spoiled,
    );
    return Object.fromEntries(
      fields.map(([field, { good, bad }]) => [field, this.pick(field === spoiled ? bad : good)]),
    );
  }
}
