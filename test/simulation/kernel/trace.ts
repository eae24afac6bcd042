/** What happened, one line each: hashed as a whole, so that two runs can be compared, and kept as far back as asked. */
import { createHash } from 'node:crypto';

/** Lines that are hashed at a time. */
const CHUNK_LINES = 256;

export class Trace {
  readonly #linesMax: number;
  readonly #hash = createHash('sha256');
  #lines: string[] = [];
  #unhashed: string[] = [];
  #count = 0;

  /** @param linesMax lines kept, the newest ones. */
  constructor(linesMax: number) {
    this.#linesMax = linesMax;
  }

  add(nowMs: number, who: string, what: string): void {
    const line = `${nowMs.toFixed(3)} ${who} ${what}`;
    this.#count++;
    this.#lines.push(line);
    if (this.#lines.length > 2 * this.#linesMax) this.#lines = this.#lines.slice(-this.#linesMax);
    this.#unhashed.push(line);
    if (this.#unhashed.length === CHUNK_LINES) this.#flush();
  }

  /** Number of lines so far. */
  get count(): number {
    return this.#count;
  }

  tail(count: number): readonly string[] {
    return this.#lines.slice(-Math.min(count, this.#linesMax));
  }

  /** Of all lines. Ends the trace. */
  digest(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  #flush(): void {
    if (this.#unhashed.length === 0) return;
    this.#hash.update(`${this.#unhashed.join('\n')}\n`);
    this.#unhashed = [];
  }
}
