/** Judges every value of a history once all of it is known. */
import type { Findings } from './anomaly.ts';
import { Coverage } from './coverage.ts';
import {
  acknowledgedPlace,
  claimedAt,
  type KnownValue,
  type Life,
  lifeName,
  logName,
  type PartitionLog,
  type Place,
  type Send,
} from './facts.ts';
import { type Figures, lagOf } from './figures.ts';
import type { Ledger } from './ledger.ts';

/** Where a value is, by its answer or by who read it. */
type Whereabouts = Pick<Place, 'log' | 'offset'>;

interface LastSent {
  readonly known: KnownValue;
  readonly send: Send;
  readonly offset: number;
}

/** By process and partition. */
type LastSentBy = Map<string, Map<PartitionLog, LastSent>>;

export class Judge {
  readonly #ledger: Ledger;
  readonly #findings: Findings;
  readonly #coverage = new Map<PartitionLog, Coverage>();
  /** Values come in the order in which they were sent: where they are, and where their answers say that they are. */
  readonly #order: LastSentBy = new Map();
  readonly #acknowledgedOrder: LastSentBy = new Map();
  readonly #lagsNs: number[] = [];
  readonly #unjudged = new Set<string>();
  readonly #outcomes: Record<Send['outcome'], number> = { open: 0, ok: 0, fail: 0, info: 0 };
  #unjudgedRecords = 0;
  #readLate = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#findings = ledger.findings;
  }

  /** Adds to the findings of the ledger. */
  judge(): Figures {
    for (const known of this.#ledger.values.values()) this.#judgeValue(known);
    const { groups, values } = this.#ledger;
    groups.judge(values);
    const { open, ok, fail, info } = this.#outcomes;
    return {
      events: this.#ledger.events,
      acknowledged: ok,
      failed: fail,
      unknown: info + open,
      reads: this.#ledger.reads,
      groups: { reads: groups.reads, commits: groups.commits },
      lag: lagOf(this.#lagsNs),
      readLate: this.#readLate,
      unjudged: { records: this.#unjudgedRecords, partitions: [...this.#unjudged] },
    };
  }

  #judgeValue(known: KnownValue): void {
    const { send } = known;
    if (send === undefined) {
      this.#findNeverSent(known);
      return;
    }
    this.#outcomes[send.outcome]++;
    const homes = known.places.filter((place) => this.#isHome(known, send, place));
    if (send.outcome === 'fail') {
      this.#judgeRefused(known, send);
      return;
    }
    const acknowledged = acknowledgedPlace(known);
    const where: Whereabouts | undefined = acknowledged ?? homes[0];
    if (where === undefined) {
      if (send.outcome === 'ok') this.#leaveUnjudged(`${send.topic}/${send.partition}`);
      return;
    }
    this.#judgeDuplicates(known, where, homes);
    this.#judgeOrder(this.#order, known, send, homes[0] ?? where);
    if (acknowledged !== undefined)
      this.#judgeOrder(this.#acknowledgedOrder, known, send, acknowledged);
    this.#judgeLoss(known, send, where, homes);
    if (send.outcome === 'ok') this.#noteLag(known, send, homes);
  }

  #findNeverSent({ value, places }: KnownValue): void {
    for (const { log, offset, firstReadAt } of places) {
      this.#findings.add('phantom', `${value} ${logName(log)}@${offset}`, () => ({
        text: `"${value}" was read at ${logName(log)} offset ${offset} (#${firstReadAt}), and never sent`,
        events: [firstReadAt],
        values: [value],
        offsets: [offset],
      }));
    }
  }

  /** Whether it may be there; finds what is wrong if not. */
  #isHome(known: KnownValue, send: Send, place: Place): boolean {
    const { log, firstReadAt } = place;
    const { life } = log;
    if (life.topic !== send.topic || log.partition !== send.partition) {
      this.#findStray('phantom', known, send, place, 'never there');
      return false;
    }
    if (firstReadAt < send.invokedAt) this.#findStray('phantom', known, send, place, 'only later');
    // A send that does not tell its topic has the one where it was read first.
    const lives = send.lives.length > 0 ? send.lives : known.places.slice(0, 1).map(lifeOf);
    if (lives.includes(life)) return true;
    const names = lives.map(lifeName).join(' or ');
    this.#findStray('wrong-incarnation', known, send, place, `a record of ${names}`);
    return false;
  }

  #findStray(
    kind: 'phantom' | 'wrong-incarnation',
    { value }: KnownValue,
    { topic, partition, invokedAt }: Send,
    { log, offset, firstReadAt }: Place,
    remark: string,
  ): void {
    this.#findings.add(kind, `${value} ${logName(log)}@${offset}`, () => ({
      text: `"${value}" was read in ${lifeName(log.life)} partition ${log.partition} offset ${offset} (#${firstReadAt}), and sent to ${topic}/${partition} (#${invokedAt}): ${remark}`,
      events: [invokedAt, firstReadAt],
      values: [value],
      offsets: [offset],
    }));
  }

  #judgeRefused({ value, places }: KnownValue, send: Send): void {
    for (const { log, offset, firstReadAt } of places) {
      this.#findings.add('aborted-read', `${value} ${logName(log)}@${offset}`, () => ({
        text: `"${value}", sent by ${send.process} (#${send.invokedAt}), failed for good (#${send.answeredAt}), and was read at ${logName(log)} offset ${offset} (#${firstReadAt})`,
        events: [send.invokedAt, send.answeredAt, firstReadAt],
        values: [value],
        offsets: [offset],
      }));
    }
  }

  #judgeDuplicates(known: KnownValue, where: Whereabouts, homes: readonly Place[]): void {
    const { value } = known;
    const { log } = where;
    for (const home of homes) {
      if (home.log !== log || home.offset === where.offset) continue;
      this.#findings.add('duplicate', `${value} ${logName(log)}@${home.offset}`, () => {
        const since = claimedAt(known, log, where.offset);
        return {
          text: `"${value}" is at ${logName(log)} offset ${where.offset} (#${since}), and at ${home.offset} (#${home.firstReadAt})`,
          events: [since, home.firstReadAt],
          values: [value],
          offsets: [where.offset, home.offset],
        };
      });
    }
  }

  #judgeOrder(
    order: LastSentBy,
    known: KnownValue,
    send: Send,
    { log, offset }: Whereabouts,
  ): void {
    let byLog = order.get(send.process);
    if (byLog === undefined) {
      byLog = new Map();
      order.set(send.process, byLog);
    }
    const last = byLog.get(log);
    byLog.set(log, { known, send, offset });
    if (last === undefined || offset >= last.offset) return;
    this.#findings.add('nonmonotonic-send', `${last.known.value} ${known.value}`, () => {
      const there = claimedAt(known, log, offset);
      const lastThere = claimedAt(last.known, log, last.offset);
      return {
        text: `${send.process} sent "${last.known.value}" (#${last.send.invokedAt}) before "${known.value}" (#${send.invokedAt}) to ${logName(log)}, where they are at offset ${last.offset} (#${lastThere}) and ${offset} (#${there})`,
        events: [last.send.invokedAt, send.invokedAt, lastThere, there],
        values: [last.known.value, known.value],
        offsets: [last.offset, offset],
      };
    });
  }

  #judgeLoss(known: KnownValue, send: Send, where: Whereabouts, homes: readonly Place[]): void {
    const { log, offset } = where;
    if (homes.length === 0 && this.#coverageOf(log).has(offset)) {
      this.#findLost('lost-write', known, send, where, 'never read though others went past it');
      return;
    }
    const { finalEnd } = log;
    if (finalEnd === undefined) {
      if (send.outcome === 'ok' && log.life.goneAt === Infinity) this.#leaveUnjudged(logName(log));
      return;
    }
    const { finalAt } = this.#ledger;
    if (homes.some((home) => home.lastReadAt >= finalAt)) return;
    const knownAt = claimedAt(known, log, offset);
    if (offset >= finalEnd.offset && knownAt > finalEnd.invokedAt) {
      if (send.outcome === 'ok') this.#leaveUnjudged(logName(log));
      return;
    }
    const last = homes.at(-1);
    const read = last === undefined ? 'never read' : `last read at #${last.lastReadAt}`;
    const text = `${read}, although the end was ${finalEnd.offset} (#${finalEnd.at})`;
    this.#findLost('unseen', known, send, where, text);
  }

  #findLost(
    kind: 'lost-write' | 'unseen',
    known: KnownValue,
    send: Send,
    { log, offset }: Whereabouts,
    what: string,
  ): void {
    const { value } = known;
    this.#findings.add(kind, value, () => {
      const knownAt = claimedAt(known, log, offset);
      const how = send.outcome === 'ok' ? 'acknowledged' : 'outcome unknown, read';
      return {
        text: `"${value}", sent by ${send.process} (#${send.invokedAt}), ${how} at ${logName(log)} offset ${offset} (#${knownAt}), ${what}`,
        events: [send.invokedAt, knownAt],
        values: [value],
        offsets: [offset],
      };
    });
  }

  #coverageOf(log: PartitionLog): Coverage {
    let coverage = this.#coverage.get(log);
    if (coverage === undefined) {
      coverage = new Coverage(log.spans);
      this.#coverage.set(log, coverage);
    }
    return coverage;
  }

  #leaveUnjudged(partition: string): void {
    this.#unjudgedRecords++;
    this.#unjudged.add(partition);
  }

  #noteLag(known: KnownValue, send: Send, [home]: readonly Place[]): void {
    if (home === undefined || home !== known.places[0]) return;
    if (home.firstReadAt >= this.#ledger.finalAt) this.#readLate++;
    else this.#lagsNs.push(Math.max(0, known.firstReadNs - send.answeredNs));
  }
}

function lifeOf({ log }: Place): Life {
  return log.life;
}
