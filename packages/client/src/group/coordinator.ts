/** The agent that coordinates a group: found by asking any, which names it; kept until it fails. */
import type { GroupServiceClient } from '@streamhouse/api/gen/streamhouse/v1/GroupService.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import { type AgentChannel, callUnary, type UnaryMethod } from '../cluster/agent-channel.ts';
import { isAddress } from '../cluster/bootstrap.ts';
import type { Cluster, RequestOptions } from '../cluster/cluster.ts';

/** Hints that one attempt follows: after a handover one agent may name another that is behind as well. */
const HINTS_MAX = 3;

export interface CoordinatorCall extends Pick<RequestOptions, 'signal' | 'timeoutMs'> {
  /** Milliseconds that one attempt may take. */
  readonly attemptMs: number;
}

/** Everything that a coordinator is asked for can be asked again when its outcome is unknown. */
export class GroupCoordinator {
  readonly #cluster: Cluster;
  #address: string | undefined;
  /** Ends the calls to the coordinator when it turns out not to run any more. */
  #suspicion = new AbortController();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Asks until it is answered or refused for good, whoever the coordinator is by then. */
  call<Request, Response>(
    method: (group: GroupServiceClient) => UnaryMethod<Request, Response>,
    request: Request,
    { signal, timeoutMs, attemptMs }: CoordinatorCall,
  ): Promise<Response> {
    const { clock } = this.#cluster;
    const options = { signal, timeoutMs, isIdempotent: true };
    return this.#cluster.request(options, (anyChannel, attemptSignal) =>
      this.#follow(anyChannel, async (channel) => {
        const { signal: suspicion } = this.#suspicion;
        const either = AbortSignal.any([attemptSignal, suspicion]);
        const call = { signal: either, timeoutMs: attemptMs, clock };
        return await callUnary(method(channel.group), request, call);
      }),
    );
  }

  /** Runs `attempt` at the coordinator, as far as it is known. */
  async visit<T>(signal: AbortSignal, attempt: (channel: AgentChannel) => Promise<T>): Promise<T> {
    const options = { signal, timeoutMs: Number.POSITIVE_INFINITY, isIdempotent: true };
    return await this.#cluster.request(options, (anyChannel) => this.#follow(anyChannel, attempt));
  }

  /** It does not answer, although its connection may look well: calls to it fail, and any agent is asked for another. */
  suspect(): void {
    this.#address = undefined;
    this.#suspicion.abort(
      new StreamError('indefinite', 'COORDINATOR_SILENT', 'the coordinator does not answer'),
    );
    this.#suspicion = new AbortController();
  }

  async #follow<T>(
    anyChannel: AgentChannel,
    attempt: (channel: AgentChannel) => Promise<T>,
  ): Promise<T> {
    for (let hints = 0; ; hints++) {
      const { address } = this.#address === undefined ? anyChannel : { address: this.#address };
      try {
        const answer = await attempt(this.#cluster.channel(address));
        this.#address = address;
        return answer;
      } catch (error) {
        const known = toStreamError(error);
        const hint = known.reason === 'NOT_COORDINATOR' ? known.details['address'] : undefined;
        if (hint !== undefined && hint !== address && isAddress(hint) && hints < HINTS_MAX) {
          this.#address = hint;
          continue;
        }
        if (!known.isRetriable) this.#address = address;
        else if (this.#address === address) this.#address = undefined;
        throw error;
      }
    }
  }
}
