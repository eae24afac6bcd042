/** Whether a history shows what a log must never do. */
import type { Anomaly } from './anomaly.ts';
import type { Figures } from './figures.ts';
import type { HistoryEvent } from './history.ts';
import { readHistory } from './history-reader.ts';
import { Judge } from './judge.ts';
import { Ledger } from './ledger.ts';

export interface Verdict {
  /** Empty: nothing is wrong with what was seen. */
  readonly anomalies: readonly Anomaly[];
  readonly figures: Figures;
}

/**
 * Reads a file of events (`history.ts`, one a line) once; time and memory are linear in it.
 *
 * @throws HistoryError for the first line that is not what `history.ts` says. What the file system throws is passed on.
 */
export async function checkHistory(path: string): Promise<Verdict> {
  const ledger = new Ledger();
  await readHistory(path, (event) => ledger.take(event));
  return judge(ledger);
}

/** The same for events in memory, whose shape is taken for granted. @throws HistoryError when they do not fit together. */
export function checkEvents(events: Iterable<HistoryEvent>): Verdict {
  const ledger = new Ledger();
  for (const event of events) ledger.take(event);
  return judge(ledger);
}

function judge(ledger: Ledger): Verdict {
  const figures = new Judge(ledger).judge();
  return { anomalies: ledger.findings.toAnomalies(), figures };
}
