/** An API server without anything of ours in between: a request goes out as it is given, an answer comes as it is. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { json } from 'node:stream/consumers';
import { kubeConfigAccess } from '@streamhouse/operator/kube/kube-config.ts';
import type { StatusBody } from '@streamhouse/operator/kube/kube-api.ts';

const ANSWER_MS_MAX = 60_000;

export interface RawAnswer {
  readonly code: number;
  /** The object, or a `v1.Status`. */
  readonly body: StatusBody & Readonly<Record<string, unknown>>;
}

export class RawKube implements Disposable {
  readonly #access: ReturnType<typeof kubeConfigAccess>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });

  /** With the rights of a kubeconfig, by its path. */
  constructor(kubeconfig: string) {
    this.#access = kubeConfigAccess(kubeconfig);
  }

  /** `path` with its query; `body` as JSON. */
  async send(
    method: string,
    path: string,
    body?: object,
    contentType = 'application/json',
  ): Promise<RawAnswer> {
    const { headers, ...credentials } = await this.#access.credentials();
    const text = body === undefined ? '' : JSON.stringify(body);
    // Node.js says nothing of the length of what a DELETE sends.
    const length = { 'content-length': Buffer.byteLength(text) };
    const outgoing = request(new URL(path, this.#access.server), {
      ...credentials,
      method,
      headers: { ...headers, ...length, 'content-type': contentType },
      agent: this.#agent,
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    outgoing.end(text);
    const [message] = (await once(outgoing, 'response')) as [IncomingMessage];
    return { code: message.statusCode ?? 0, body: (await json(message)) as RawAnswer['body'] };
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
