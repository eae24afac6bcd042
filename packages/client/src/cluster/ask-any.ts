import { type AgentChannel, callUnary, type UnaryMethod } from './agent-channel.ts';
import type { Cluster, RequestOptions } from './cluster.ts';

export type ChannelMethod<Request, Response> = (
  channel: AgentChannel,
) => UnaryMethod<Request, Response>;

/**
 * Asks any agent, and another one after each failure that another attempt may mend:
 * `askAny(cluster, ({ admin }) => (...call) => admin.listTopics(...call), {}, options)`.
 */
export function askAny<Request, Response>(
  cluster: Cluster,
  method: ChannelMethod<Request, Response>,
  request: Request,
  options: Pick<RequestOptions, 'signal' | 'isIdempotent'> & { readonly timeoutMs?: number },
): Promise<Response> {
  const { requestTimeoutMs, clock } = cluster;
  const { timeoutMs = requestTimeoutMs } = options;
  return cluster.request({ ...options, timeoutMs }, (channel, signal) =>
    callUnary(method(channel), request, { signal, timeoutMs: requestTimeoutMs, clock }),
  );
}
