/** What util.inspect and console.log call. */
const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom');
const REDACTED = '[redacted]';

/** A value that prints as `[redacted]` wherever it ends up by mistake: logs, errors, JSON. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call it where it is used, not where it is passed on. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [INSPECT](): string {
    return REDACTED;
  }
}
