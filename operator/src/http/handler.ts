/** What a handler gets and gives. Routing, identity, validation, limits, caching and audit are the same for all of them. */
import type { IncomingMessage } from 'node:http';
import type { Operation } from '@streamhouse/api/rest/route.ts';
import type { Principal } from './identity/principal.ts';

/** A request that passed all checks. */
export interface Asked<Op extends Operation = Operation> {
  readonly path: Op['path'];
  readonly query: Op['query'];
  readonly body: Op['body'];
  /** Undefined where the route is open. */
  readonly principal: Principal | undefined;
  readonly isDryRun: boolean;
  /** What `If-Match` has, of routes that take it. */
  readonly ifMatch: string | undefined;
  readonly http: Pick<IncomingMessage, 'headers'> & { readonly address: string };
  readonly signal: AbortSignal;
}

export interface Reply<T> {
  readonly body: T;
  readonly headers?: Readonly<Record<string, string>>;
  /** Stands for what `If-Match` compares: the part of the state that clients change. */
  readonly version?: string;
  /** Of lists: cursor of the next page, and how many entries all pages have. */
  readonly page?: { readonly next: string | undefined; readonly total: number };
}

export type Handler<Op extends Operation> = (asked: Asked<Op>) => Promise<Reply<Op['response']>>;

/** One for each operation: a missing one does not compile. */
export type Handlers<Operations> = {
  readonly [Key in keyof Operations]: Operations[Key] extends Operation
    ? Handler<Operations[Key]>
    : never;
};
