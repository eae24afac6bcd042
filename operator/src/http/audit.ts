import type { Logger } from '../log.ts';
import type { Principal } from './identity/principal.ts';

/** Who did what with which outcome. Never a value of a record, a key of it, or a token. */
export interface AuditEntry {
  readonly requestId: string;
  /** Undefined: nobody that is known. */
  readonly principal: Principal | undefined;
  readonly address: string;
  readonly operation: string;
  /** Name of the topic, agent or group. */
  readonly name: string | undefined;
  readonly isDryRun: boolean;
  readonly status: number;
  /** Of a refusal. */
  readonly reason: string | undefined;
}

/** One line for each mutation, each read of records, and each token that was refused. */
export function audit(log: Logger, { principal, ...entry }: AuditEntry): void {
  log.info(
    { audit: { ...entry, principal: principal?.id, principalName: principal?.name } },
    'audit',
  );
}
