/** What each process has under way, and where it reads. */
import type { Life, PartitionLog, Span } from './facts.ts';
import type { HistoryEvent, Operation } from './history.ts';
import { HistoryError } from './history-reader.ts';

/** Where a process reads one partition. */
export interface Position {
  readonly log: PartitionLog;
  readonly span: Span;
  /** The invocation of the assignment, or of the first poll that read it. */
  readonly openedAt: number;
  /** The offset that the next read must have. */
  next: number;
  /** The event that brought it there. */
  movedAt: number;
}

export interface Process {
  readonly name: string;
  /** By kind of operation, the invocation that has no answer. Sends are told apart by their values instead. */
  readonly invokedAt: Map<Operation['f'], number>;
  /** The event that said that nobody knows what became of an operation. */
  lostAt: number | undefined;
  /** The event that assigned `positions`. */
  assignedAt: number | undefined;
  /** By name of the topic and partition: a process reads only one topic of a name at a time. */
  readonly positions: Map<string, Position>;
  /** The creation under way. */
  creation: Life | undefined;
}

/** Operations after whose unknown end a client may not go on: what it does next could not be judged. */
const ENDS_PROCESS: ReadonlySet<Operation['f']> = new Set(['send', 'assign', 'poll', 'consume']);

export class Processes {
  readonly #byName = new Map<string, Process>();

  get(name: string): Process {
    let process = this.#byName.get(name);
    if (process === undefined) {
      process = {
        name,
        invokedAt: new Map(),
        lostAt: undefined,
        assignedAt: undefined,
        positions: new Map(),
        creation: undefined,
      };
      this.#byName.set(name, process);
    }
    return process;
  }

  /**
   * Notes that an operation begins or ends.
   *
   * @returns the event that invoked it.
   * @throws HistoryError when the process cannot do that now.
   */
  pair(process: Process, { i, f, type }: HistoryEvent): number {
    if (type === 'invoke') return this.#begin(process, f, i);
    if (type === 'info' && ENDS_PROCESS.has(f)) process.lostAt ??= i;
    if (f === 'send') return i;
    const invokedAt = process.invokedAt.get(f);
    if (invokedAt === undefined)
      throw new HistoryError(i + 1, `${process.name} ends a ${f} that it did not invoke`);
    process.invokedAt.delete(f);
    return invokedAt;
  }

  #begin(process: Process, f: Operation['f'], at: number): number {
    if (process.lostAt !== undefined && ENDS_PROCESS.has(f))
      throw new HistoryError(
        at + 1,
        `${process.name} goes on after #${process.lostAt} said info: it needs a new name`,
      );
    if (f === 'send') return at;
    const open = process.invokedAt.get(f);
    if (open !== undefined)
      throw new HistoryError(
        at + 1,
        `${process.name} invokes a ${f} while that of #${open} is open`,
      );
    process.invokedAt.set(f, at);
    return at;
  }
}
