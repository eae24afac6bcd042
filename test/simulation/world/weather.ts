import { type Fault, FaultCounts } from './fault-counts.ts';

/** What passes through which links now. Told by the schedule of faults, asked by every link. */
export class Weather {
  readonly counts: FaultCounts = new FaultCounts();
  isPostgresDown = false;
  /** Probability that a call of Postgres or the store, or a message of a client, meets an error. */
  postgresErrors = 0;
  storeErrors = 0;
  networkResets = 0;
  /** Milliseconds that a message may take at most. */
  networkDelayMs = 0;
  readonly #cuts = new Set<string>();
  /** Messages that wait for a cut to be mended, in their order. */
  readonly #held = new Map<string, (() => void)[]>();
  readonly #onPostgresBack = new Set<() => void>();

  feel(fault: Fault): void {
    this.counts.feel(fault);
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  mend(from: string, to: string): void {
    const edge = `${from}>${to}`;
    this.#cuts.delete(edge);
    const held = this.#held.get(edge) ?? [];
    this.#held.delete(edge);
    for (const pass of held) pass();
  }

  /** What is sent over a cut arrives once it is mended, as TCP repeats it. */
  hold(from: string, to: string, pass: () => void): void {
    const edge = `${from}>${to}`;
    const held = this.#held.get(edge);
    if (held === undefined) this.#held.set(edge, [pass]);
    else held.push(pass);
  }

  setPostgresDown(isDown: boolean): void {
    this.isPostgresDown = isDown;
    if (!isDown) for (const listener of [...this.#onPostgresBack]) listener();
  }

  /** Calls `listener` when Postgres is back; the result takes it back. */
  onPostgresBack(listener: () => void): () => void {
    this.#onPostgresBack.add(listener);
    return () => this.#onPostgresBack.delete(listener);
  }

  /** Everything is well. */
  clear(): void {
    this.postgresErrors = 0;
    this.storeErrors = 0;
    this.networkResets = 0;
    this.networkDelayMs = 0;
    for (const edge of [...this.#cuts]) {
      const [from = '', to = ''] = edge.split('>');
      this.mend(from, to);
    }
    this.setPostgresDown(false);
  }
}
