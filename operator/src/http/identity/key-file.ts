/** The file of API keys, followed while it changes. */
import { readFile } from 'node:fs/promises';
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import { runLoop } from '@streamhouse/core/async/run-loop.ts';
import { ApiKeys } from './api-keys.ts';

/** A key that is taken out of the file works no longer than this. */
const EVERY_MS = 2_000;

export interface KeyFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of a state of the file that cannot be used: the one before it stays. */
  readonly onError: (error: unknown) => void;
}

export class KeyFile {
  readonly #options: KeyFileOptions;
  #text: string;
  #keys: ApiKeys;

  private constructor(options: KeyFileOptions, text: string) {
    this.#options = options;
    this.#text = text;
    this.#keys = new ApiKeys(text);
  }

  /** @throws StreamError `invalid` API_KEYS_FILE, or the error of reading it. */
  static async open(options: KeyFileOptions): Promise<KeyFile> {
    return new KeyFile(options, await readFile(options.path, 'utf8'));
  }

  get keys(): ApiKeys {
    return this.#keys;
  }

  /** Looks until the signal aborts. Never rejects. By its text: a mounted Secret is swapped as a link. */
  async follow(signal: AbortSignal): Promise<void> {
    const { path, clock, random, onError } = this.#options;
    await runLoop(
      { name: 'key-file', everyMs: EVERY_MS, clock, random, signal, onError },
      async () => {
        const text = await readFile(path, 'utf8');
        if (text === this.#text) return;
        this.#text = text;
        this.#keys = new ApiKeys(text);
      },
    );
  }
}
