/** What must never be seen in a history, and the findings of one check. */

/** Every kind of anomaly with what it means, in the order in which they are told. */
export const ANOMALIES = {
  'lost-write': 'acknowledged and never read, although a reader went past its offset',
  unseen: 'known to be in the log, and not read by the final reads',
  'inconsistent-offsets': 'two values at one offset',
  duplicate: 'one value at two offsets',
  'aborted-read': 'refused for good, and read all the same',
  phantom: 'read where it was never sent to, or before it was sent',
  'wrong-incarnation':
    'a record of one topic seen in another of the same name, or after its deletion',
  'poll-skip': 'a reader left out offsets, or read what it was not assigned',
  'nonmonotonic-poll': 'a reader went back',
  'nonmonotonic-send': 'sends of one process to one partition changed their order',
  'stale-generation': 'a member of a group committed in a generation that was over',
  'double-owner': 'two members of a group had one partition in one generation',
  'group-skip': 'a member of a group went on behind what the group was done with',
  'commit-ahead': 'a group committed more than it was done with',
} as const;

export type AnomalyKind = keyof typeof ANOMALIES;

/** One sighting of an anomaly with its evidence. */
export interface Finding {
  /** One sentence. `#7` is the event whose `i` is 7. */
  readonly text: string;
  /** `i` of the events that show it, ascending. */
  readonly events: readonly number[];
  readonly values: readonly string[];
  readonly offsets: readonly number[];
}

export interface Anomaly {
  readonly kind: AnomalyKind;
  readonly meaning: string;
  /** How often it was found; `findings` has at most the first `FINDINGS_MAX` of them. */
  readonly total: number;
  readonly findings: readonly Finding[];
}

/** Findings of one kind that are kept; of the others only the number is told. */
export const FINDINGS_MAX = 10;

/** Collects findings: the same one counts once, however many readers see it. */
export class Findings {
  readonly #found = new Map<
    AnomalyKind,
    { readonly keys: Set<string>; readonly kept: Finding[] }
  >();

  /** `key` tells findings of one kind apart; `describe` is called only for those that are kept. */
  add(kind: AnomalyKind, key: string, describe: () => Finding): void {
    let found = this.#found.get(kind);
    if (found === undefined) {
      found = { keys: new Set(), kept: [] };
      this.#found.set(kind, found);
    }
    if (found.keys.has(key)) return;
    found.keys.add(key);
    if (found.kept.length < FINDINGS_MAX) found.kept.push(inOrder(describe()));
  }

  toAnomalies(): readonly Anomaly[] {
    return (Object.keys(ANOMALIES) as AnomalyKind[]).flatMap((kind) => {
      const found = this.#found.get(kind);
      if (found === undefined) return [];
      return { kind, meaning: ANOMALIES[kind], total: found.keys.size, findings: found.kept };
    });
  }
}

function inOrder(finding: Finding): Finding {
  return { ...finding, events: [...new Set(finding.events)].sort((one, other) => one - other) };
}
