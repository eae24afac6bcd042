/** What can be fuzzed, and what a fuzzer says of it. */

/** A real encoding that mutations begin from. */
export interface Seed {
  /** Name of its file, without the ending. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Finding {
  /** What shows it, in the order in which it was given. */
  readonly inputs: readonly Uint8Array[];
  readonly what: string;
}

/** A target that is open: decoders of this process, or a server that was started. */
export interface Subject extends AsyncDisposable {
  /** Gives it the inputs and resolves what was wrong. */
  round(inputs: readonly Uint8Array[]): Promise<readonly Finding[]>;
}

export interface FuzzTarget {
  /** Also the folder of its corpus. */
  readonly name: string;
  /** Inputs of one round: few enough that a finding is soon known, many enough that a round costs little. */
  readonly roundInputs: number;
  seeds(): readonly Seed[];
  open(): Promise<Subject>;
}
