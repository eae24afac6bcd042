/**
 * What a run wrote down, one event a line (NDJSON). The harness writes it, the checker reads it; so may any other
 * program. The shape follows the histories of Jepsen (https://github.com/jepsen-io/history): an `invoke` is written
 * before the call, and one of `ok`, `fail` or `info` after it by the same process. `fail` says that it surely did not
 * happen; `info` that nobody knows. A process whose operation ended with `info` never goes on under the same name. It may
 * have several sends under way, which are told apart by their values, and one operation of each other kind.
 */
export interface HistoryEvent {
  /** Position in the history, from 0, without gaps. */
  readonly i: number;
  /** Nanoseconds since the run began, on one clock for all processes; never falls from line to line. */
  readonly t: number;
  /** A client by a name that no other incarnation of it had, or `nemesis` for faults. */
  readonly process: string;
  readonly type: 'invoke' | 'ok' | 'fail' | 'info';
  readonly f: Operation['f'];
  readonly value: Operation['value'];
  /** Why, for `fail` and `info`: the kind and the reason of the error. */
  readonly err?: string;
}

/** A partition's name in a history: the identity of its topic, not only the name, which may be given again (I-28). */
export interface PartitionName {
  readonly topic: string;
  /**
   * UUID. Absent where a client knows only the name: it is then the topic of that name that lived, by the `topic` events,
   * while the operation was under way. A `send` invocation has it only if the client asks for that topic and no successor.
   * Records of a poll without it are of the topic that was assigned.
   */
  readonly topicId?: string;
  readonly partition: number;
}

/** A consumer group, and the generation of it that the member was in when the event was written; absent: in none. */
export interface Membership {
  readonly group: string;
  readonly generation?: number;
}

/**
 * - `send`: one call with one or more records of one partition, in their order. Values are unique over the whole run. `ok`
 *   has `offsets`, one for each value.
 * - `assign`: this process reads those partitions, and no others, from those offsets on: its next poll must begin there.
 * - `poll`: `ok` has what it returned, in the order in which it was handed out; `invoke` has no records.
 * - `end`: `ok` says what the next offset of each partition was: what is below must be readable. After the phase `final`
 *   began, it says up to where the final reads, which begin at 0, must come.
 * - `own`: a member of a consumer group was told of partitions that it has from now on, or no longer. It is written by `ok`
 *   alone. A group begins at offset 0 of every partition.
 * - `consume`: a poll of such a member. With its invocation, as with that of `commit`, it is done with all that it was handed
 *   out before.
 * - `commit`: the next offsets that its group is to read; `ok` has what was committed.
 * - `topic`: creation, deletion, growth of a topic.
 * - `fault`: what was broken or mended; `ok` when it was felt.
 * - `phase`: the run's parts: `warmup`, `faults`, `heal`, `final`.
 */
export type Operation =
  | {
      readonly f: 'send';
      readonly value: PartitionName & {
        readonly values: readonly string[];
        readonly offsets?: readonly number[];
      };
    }
  | {
      readonly f: 'assign';
      readonly value: { readonly from: readonly (PartitionName & { readonly offset: number })[] };
    }
  | {
      readonly f: 'poll';
      readonly value: {
        readonly records: readonly (PartitionName & {
          readonly reads: readonly (readonly [offset: number, value: string])[];
        })[];
      };
    }
  | {
      readonly f: 'own';
      readonly value: Membership & {
        readonly change: 'assigned' | 'revoked' | 'lost';
        readonly partitions: readonly PartitionName[];
      };
    }
  | {
      readonly f: 'consume';
      readonly value: Membership & {
        readonly records: readonly (PartitionName & {
          readonly reads: readonly (readonly [offset: number, value: string])[];
        })[];
      };
    }
  | {
      readonly f: 'commit';
      readonly value: Membership & {
        readonly offsets: readonly (PartitionName & { readonly offset: number })[];
      };
    }
  | {
      readonly f: 'end';
      readonly value: { readonly ends: readonly (PartitionName & { readonly offset: number })[] };
    }
  | {
      readonly f: 'topic';
      readonly value: {
        readonly change: 'create' | 'delete' | 'grow';
        readonly topic: string;
        readonly topicId?: string;
        readonly partitions?: number;
      };
    }
  | {
      readonly f: 'fault';
      readonly value: {
        readonly kind: string;
        readonly change: 'start' | 'stop';
        readonly target: string;
      };
    }
  | { readonly f: 'phase'; readonly value: { readonly phase: string } };
