/**
 * When the records of an open-loop load are meant to be sent: at even distances, whatever became of the ones before. Latency
 * counts from there, so a stall delays the figures of all records that it kept back, as users would see it, and does not hide
 * them by sending less (coordinated omission).
 */
export class OpenLoopSchedule {
  readonly #startMs: number;
  readonly #everyMs: number;
  #sent = 0;

  constructor(recordsPerSecond: number, startMs: number) {
    this.#startMs = startMs;
    this.#everyMs = 1_000 / recordsPerSecond;
  }

  /** Records handed out so far. */
  get sent(): number {
    return this.#sent;
  }

  /** The intended times of the records that are due and not handed out yet, at most `max` of them, oldest first. */
  due(nowMs: number, max: number): number[] {
    const due = Math.floor((nowMs - this.#startMs) / this.#everyMs) + 1;
    const count = Math.max(0, Math.min(max, due - this.#sent));
    const times = Array.from({ length: count }, (_, index) => this.#timeOf(this.#sent + index));
    this.#sent += count;
    return times;
  }

  #timeOf(record: number): number {
    return this.#startMs + record * this.#everyMs;
  }
}
