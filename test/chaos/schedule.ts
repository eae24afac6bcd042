/** When what is broken: a sequence that the seed alone decides. */
import { seededRandom } from '../harness/s3-gateway/fault.ts';
import { between, FAMILY, type FaultKind, pick, type Random } from './faults/fault.ts';

/** One step: a rest, then faults at the same time, or none. */
export interface Step {
  readonly restMs: number;
  readonly kinds: readonly FaultKind[];
  /** For what the faults themselves draw. */
  readonly random: Random;
}

const WINDOW_MS = 30_000;
const SUBSET_KINDS = 5;
const REST_MS = [2_000, 5_000] as const;
/** Of the steps. */
const QUIET_SHARE = 0.25;
const DOUBLE_SHARE = 0.2;
const QUIET_MS = 8_000;

/**
 * Kinds come in subsets, a new one every 30 s, so that some of them meet again and again before others do. Each kind is in
 * a subset before any is in two.
 */
export class Schedule {
  readonly #kinds: readonly FaultKind[];
  readonly #random: Random;
  #deck: FaultKind[] = [];
  #subset: readonly FaultKind[] = [];
  #left: FaultKind[] = [];
  #window = -1;

  constructor(seed: number, kinds: readonly FaultKind[]) {
    this.#kinds = kinds;
    this.#random = seededRandom(seed);
  }

  /** @param elapsedMs since the faults began */
  next(elapsedMs: number): Step {
    this.#enter(Math.floor(elapsedMs / WINDOW_MS));
    const random = this.#random;
    const draw = random();
    const restMs = between(...REST_MS, random);
    const faultRandom = seededRandom(Math.floor(random() * 2 ** 32));
    if (draw < QUIET_SHARE) return { restMs: QUIET_MS, kinds: [], random: faultRandom };
    const first = this.#take();
    if (draw <= 1 - DOUBLE_SHARE) return { restMs, kinds: [first], random: faultRandom };
    const second = this.#take();
    const kinds = FAMILY[first] === FAMILY[second] ? [first] : [first, second];
    return { restMs, kinds, random: faultRandom };
  }

  #enter(window: number): void {
    if (window === this.#window) return;
    this.#window = window;
    const subset = new Set<FaultKind>();
    while (subset.size < Math.min(SUBSET_KINDS, this.#kinds.length)) {
      if (this.#deck.length === 0) this.#deck = shuffled(this.#kinds, this.#random);
      subset.add(this.#deck.pop()!);
    }
    this.#subset = [...subset];
    this.#left = [];
  }

  /** Each kind of the subset once before any comes again. */
  #take(): FaultKind {
    if (this.#left.length === 0) this.#left = shuffled(this.#subset, this.#random);
    return this.#left.pop() ?? pick(this.#subset, this.#random);
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const keyed = items.map((item) => ({ item, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
