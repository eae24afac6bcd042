/** Specs of resources from a seed, good ones and bad ones: what a user writes, or a program that a user wrote. */

/** Values of each field; one that is absent is given as undefined. */
export type FieldValues = Readonly<Record<string, readonly unknown[]>>;

export const TOPIC_VALUES: FieldValues = {
  partitions: [1, 2, 5, 0, -1, 1e9, 'many', 3],
  retention: [{ time: '1h' }, { bytes: '1Gi' }, { time: '-1d' }, {}, null],
  deletionPolicy: ['Delete', 'Retain', 'Sometimes'],
  adoptionPolicy: ['Adopt', 'Fail'],
  topicName: [undefined, undefined, 'shared', 'other.name', 'other_name', '__no'],
  config: [{}, { compression: 'lz4' }, { unknown: 'key' }],
  deletionGracePeriod: ['1h', '0s', 'soon'],
  paused: [false, false, false, true],
  surprise: [undefined, undefined, undefined, 1],
};

export const POOL_VALUES: FieldValues = {
  replicas: [0, 1, 2, 3, 2, 1, -1, 1e6],
  image: [undefined, 'streamhouse:a', 'streamhouse:b', 'two words'],
  zones: [undefined, ['zone-0'], ['zone-0', 'zone-1'], ['EU']],
  connection: [{}, { secretName: 'own' }, { secretName: 'other/secret' }],
  agent: [{}, { logLevel: 'debug' }, { managedTopics: ['orders'] }, { heartbeatInterval: '2s' }],
  drain: [{ timeout: '1s' }, { timeout: '2h' }, { timeout: '5s' }],
  rollout: [{}, { maxUnavailable: 2 }, { paused: true }, { maxUnavailable: 0 }],
  podTemplate: [{}, { labels: { team: 'a' } }, { securityContext: { privileged: true } }],
  surprise: [undefined, undefined, undefined, 1],
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

  /** With about two of three fields. */
  spec(values: FieldValues): object {
    const fields = Object.entries(values).filter(() => this.pick([true, true, false]));
    return Object.fromEntries(fields.map(([field, each]) => [field, this.pick(each)]));
  }
}
