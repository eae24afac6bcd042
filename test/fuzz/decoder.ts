/** Targets that are functions of this process: each input is answered within a time and a memory, by a value or a typed error. */
import { createContext, Script } from 'node:vm';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { Finding, FuzzTarget, Seed, Subject } from './target.ts';

/** For one input, on a machine that does much else: honest ones take microseconds. */
const INPUT_MS_MAX = 2_000;
/**
 * What the process may grow by for one input. A check decompresses up to 16 MiB four times, and nothing says when the garbage
 * of it and of those before goes.
 */
const GROWTH_BYTES_MAX = 134_217_728;
const ROUND_INPUTS = 64;

export interface Decoder {
  readonly name: string;
  readonly seeds: () => readonly Seed[];
  /** Decodes and looks at what came. Throws whatever is wrong; a refusal is caught here, by `decoded`. */
  readonly check: (input: Uint8Array) => void;
}

/** What `decode` returns; undefined when it refused the input with a typed error. Others are thrown on. */
export function decoded<T>(
  decode: () => T,
  isRefusal: (error: unknown) => boolean = isStreamError,
): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

/** `internal` is a bug and no refusal, but for ANSWER: then it is a bug of the other side. */
function isStreamError(error: unknown): boolean {
  return error instanceof StreamError && (error.kind !== 'internal' || error.reason === 'ANSWER');
}

export function decoderTarget({ name, seeds, check }: Decoder): FuzzTarget {
  return {
    name,
    seeds,
    roundInputs: ROUND_INPUTS,
    open: () => Promise.resolve(new DecoderSubject(check)),
  };
}

class DecoderSubject implements Subject {
  readonly #check: (input: Uint8Array) => void;
  /** The one way to end a loop that does not end: the engine stops what runs below a script past its time. */
  readonly #script: Script = new Script('run()');
  readonly #context: { run: () => void } = createContext({ run: () => undefined }) as {
    run: () => void;
  };

  constructor(check: (input: Uint8Array) => void) {
    this.#check = check;
  }

  async round(inputs: readonly Uint8Array[]): Promise<readonly Finding[]> {
    const findings: Finding[] = [];
    for (const input of inputs) {
      const what = this.#fault(input);
      if (what !== undefined) findings.push({ inputs: [input], what });
    }
    return findings;
  }

  #fault(input: Uint8Array): string | undefined {
    const before = peakBytes();
    this.#context.run = () => this.#check(input);
    try {
      this.#script.runInContext(this.#context, { timeout: INPUT_MS_MAX });
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    const grown = peakBytes() - before;
    return grown > GROWTH_BYTES_MAX ? `the process grew by ${grown} bytes` : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** The most that this process ever held. */
function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}
