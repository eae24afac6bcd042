/** What can go wrong in the simulated world. */
export const FAULTS = [
  /** An agent dies at one of its effects, and is started again. */
  'kill',
  /** An agent stands still at one of its effects, longer or shorter than its session, and goes on. */
  'pause',
  /** An agent stands still and another process of its name is started; then the first one goes on. */
  'twin',
  /** An agent is stopped as by an operator, and started again. */
  'drain',
  /** Somebody fences an agent that is well, at one of its effects. */
  'fence',
  'postgres-down',
  /** Answers of Postgres get lost, before or after it did its work, or long after that its caller stopped waiting. */
  'postgres-errors',
  /** Nothing passes between an agent and Postgres, in one direction. */
  'postgres-cut',
  /** Puts fail, are done and told as failed, or land after their caller has given them up. */
  'store-errors',
  'store-cut',
  /** Nothing passes between a client and an agent, in one direction, until it all comes at once. */
  'network-cut',
  /** Connections break, with messages on their way that arrive all the same, or do not. */
  'network-resets',
  'network-delays',
  /** A topic is deleted and made again. */
  'topic-again',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface FaultCount {
  /** Times it was set going. */
  injected: number;
  /** Times that something went otherwise because of it. */
  felt: number;
}

export type CountsByFault = Readonly<Record<Fault, Readonly<FaultCount>>>;

export class FaultCounts {
  readonly #counts = new Map<Fault, FaultCount>();

  inject(fault: Fault): void {
    this.#of(fault).injected++;
  }

  feel(fault: Fault): void {
    this.#of(fault).felt++;
  }

  add(others: CountsByFault): void {
    for (const fault of FAULTS) {
      const count = this.#of(fault);
      count.injected += others[fault].injected;
      count.felt += others[fault].felt;
    }
  }

  toJSON(): CountsByFault {
    return Object.fromEntries(FAULTS.map((fault) => [fault, this.#of(fault)])) as CountsByFault;
  }

  #of(fault: Fault): FaultCount {
    let count = this.#counts.get(fault);
    if (count === undefined) {
      count = { injected: 0, felt: 0 };
      this.#counts.set(fault, count);
    }
    return count;
  }
}
