/** Everything that Postgres knows, split by noun. One implementation: `pg/`. */
import type { AgentStore } from './agents.ts';
import type { Catalogue } from './catalogue.ts';
import type { ChangeFeed } from './changes.ts';
import type { GroupStore } from './groups.ts';
import type { LeaseStore } from './leases.ts';
import type { LogStore } from './log.ts';
import type { OperatorStore } from './operator.ts';
import type { StatsStore } from './stats.ts';
import type { RequestStore } from './requests.ts';
import type { TicketStore } from './tickets.ts';
import type { TopicStore } from './topics.ts';

export interface Metadata {
  readonly topics: TopicStore;
  readonly agents: AgentStore;
  readonly leases: LeaseStore;
  readonly log: LogStore;
  readonly groups: GroupStore;
  readonly stats: StatsStore;
  readonly changes: ChangeFeed;
  /** Fails with the cause when the database cannot be used: no route, read-only, wrong schema version (B-18). */
  check(signal: AbortSignal): Promise<void>;
  /** Names this cluster for ever: made with the schema, first part of every object's key. */
  clusterId(signal: AbortSignal): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What an operator uses: the metadata, what its API shows of it, and what only the leader of the operators may do. */
export interface OperatorMetadata extends Metadata {
  readonly catalogue: Catalogue;
  readonly requests: RequestStore;
  readonly tickets: TicketStore;
  /** Answers and refuses as `topics` would, and changes nothing. */
  readonly rehearsal: Pick<TopicStore, 'create' | 'alter' | 'delete'>;
  readonly operator: OperatorStore;
}
