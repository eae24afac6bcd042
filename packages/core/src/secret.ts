const REDACTED = '[redacted]';

/** A value that does not show where it ends up by mistake: text, JSON, logs. Inspection sees no private field either. */
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
}
