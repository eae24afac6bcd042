interface Waiter {
  readonly bytes: number;
  readonly admit: () => void;
}

/** Bytes that may be held at a time. Who finds none left waits in line; nobody is dropped. */
export class ByteBudget {
  readonly #bytesMax: number;
  readonly #waiters: Waiter[] = [];
  #used = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes bytes if there is room and nobody waits before. */
  tryTake(bytes: number): boolean {
    if (this.#waiters.length > 0 || !this.#fits(bytes)) return false;
    this.#used += bytes;
    return true;
  }

  /** Resolves once the bytes are taken. @throws the signal's reason when it aborts first. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.tryTake(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        bytes,
        admit: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(signal.reason);
        // Those behind it may fit where it did not.
        this.#admitNext();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  give(bytes: number): void {
    this.#used -= bytes;
    this.#admitNext();
  }

  #admitNext(): void {
    for (
      let next = this.#waiters[0];
      next !== undefined && this.#fits(next.bytes);
      next = this.#waiters[0]
    ) {
      this.#waiters.shift();
      this.#used += next.bytes;
      next.admit();
    }
  }

  /** One that is larger than the whole budget passes when nothing else is held. */
  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#bytesMax;
  }
}
