/** The end of a call that the service's handler holds. Looks like the library's, as far as the handlers look at it. */
import { EventEmitter } from 'node:events';
import type { MethodDefinition } from '@grpc/proto-loader';
import type { SimProcess } from '../kernel/sim-process.ts';

export type CallMethod = MethodDefinition<object, object>;

/** Of the library's types, which differ by the kind of call. */
export type ServerHandler = (call: never, callback: never) => void;

export interface CallTarget {
  readonly name: string;
  readonly method: CallMethod;
  readonly handler: ServerHandler | undefined;
}

export interface Status {
  readonly code: number;
  readonly details: string;
  readonly metadata?: unknown;
}

export type Answer =
  | { readonly type: 'data'; readonly bytes: Buffer }
  /** Undefined: the call has ended well. */
  | { readonly type: 'status'; readonly status: Status | undefined };

export class ServerCall extends EventEmitter {
  cancelled = false;
  request: object | undefined;
  readonly #peer: string;
  readonly #process: SimProcess;
  readonly #target: CallTarget;
  readonly #tell: (answer: Answer) => void;
  readonly #requests: object[] = [];
  #hasEnded = false;
  #wake: (() => void) | undefined;

  constructor(
    peer: string,
    process: SimProcess,
    target: CallTarget,
    tell: (answer: Answer) => void,
  ) {
    super();
    this.#peer = peer;
    this.#process = process;
    this.#target = target;
    this.#tell = tell;
    this.on('error', (status: Status) => tell({ type: 'status', status }));
  }

  /** The client's address. */
  getPeer(): string {
    return this.#peer;
  }

  /** The call arrives, with its request if it has only one. */
  open(bytes?: Buffer): void {
    const { method, handler } = this.#target;
    if (bytes !== undefined) this.request = method.requestDeserialize(bytes);
    const callback = (error: Status | null, response: object | undefined): void => {
      if (error !== null) this.#tell({ type: 'status', status: error });
      else if (response !== undefined) this.write(response);
    };
    handler?.(this as never, callback as never);
  }

  message(bytes: Buffer): void {
    this.#requests.push(this.#target.method.requestDeserialize(bytes));
    this.#wake?.();
  }

  ended(): void {
    this.#hasEnded = true;
    this.#wake?.();
  }

  cancel(): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.ended();
    this.emit('cancelled');
  }

  write(message: object, onLeft?: () => void): boolean {
    this.#tell({ type: 'data', bytes: this.#target.method.responseSerialize(message) });
    if (onLeft !== undefined) this.#process.clock.nextTurn(onLeft);
    return true;
  }

  end(): void {
    this.#tell({ type: 'status', status: undefined });
  }

  async *iterator(): AsyncGenerator<object, void, undefined> {
    for (;;) {
      const request = this.#requests.shift();
      if (request !== undefined) {
        yield request;
      } else if (this.#hasEnded) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
