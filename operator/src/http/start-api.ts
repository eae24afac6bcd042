/** The API with its parts: what an operator serves to people and their tools. */
import type { Operations } from '@streamhouse/api/rest/routes.ts';
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import type { OperatorMetadata } from '@streamhouse/store/metadata/port.ts';
import type { Registry } from 'prom-client';
import { AgentFigures } from '../figures/agent-figures.ts';
import type { KubeApi } from '../kube/kube-api.ts';
import { LiveHub } from '../live/live-hub.ts';
import { liveLook } from '../live/live-look.ts';
import { liveSockets } from '../live/live-server.ts';
import { LiveTickets } from '../live/tickets.ts';
import type { Logger } from '../log.ts';
import { type ApiSettings, createApi } from './api.ts';
import type { ApiSockets, HttpHandler } from './api-server.ts';
import type { Handlers } from './handler.ts';
import { HeartbeatWatch } from './heartbeat-watch.ts';
import { Authenticator } from './identity/authenticator.ts';
import { KeyFile } from './identity/key-file.ts';
import { KubeReviews } from './identity/kube-reviews.ts';
import { RecordGateway } from './record-gateway.ts';
import { agentHandlers } from './routes/agents.ts';
import { groupHandlers } from './routes/groups.ts';
import { healthHandlers } from './routes/health.ts';
import { metricsHandlers } from './routes/metrics.ts';
import { recordHandlers } from './routes/records.ts';
import { sessionHandlers } from './routes/session.ts';
import { topicHandlers } from './routes/topics.ts';
import { RecordSearch } from './search/record-search.ts';

export interface ApiParts {
  readonly store: OperatorMetadata;
  /** Of API keys; undefined: none are taken. */
  readonly keysFile: string | undefined;
  /** Who vouches for tokens of Kubernetes; undefined: none are taken. */
  readonly tokens: { readonly kube: KubeApi; readonly audience: string } | undefined;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export interface Api extends AsyncDisposable {
  readonly handler: HttpHandler;
  readonly sockets: ApiSockets;
}

/** @throws StreamError `invalid` API_KEYS_FILE, or the error of reading that file. */
export async function startApi(settings: ApiSettings, parts: ApiParts): Promise<Api> {
  const { store, clock, random, log, tokens } = parts;
  await using owned = new AsyncDisposableStack();
  const gateway = owned.use(new RecordGateway({ agents: store.agents, clock }));
  const search = new RecordSearch(gateway, clock);
  const heartbeats = new HeartbeatWatch({
    ...{ agents: store.agents, clock, random },
    onError: (error) => log.debug({ err: error }, 'looking for heartbeats failed'),
  });
  const figures = new AgentFigures({
    ...{ stats: store.stats, clock, random },
    onError: (error) => log.debug({ err: error }, 'looking for figures failed'),
  });
  const keyFile = await openKeyFile(parts);
  const reviews = tokens === undefined ? undefined : new KubeReviews({ ...tokens, clock });
  const authenticator = new Authenticator({
    ...{ isLoopback: settings.isLoopback, reviews, clock },
    keys: () => keyFile?.keys,
  });
  const { isReadOnly, basePath, lagThresholds } = settings;
  const tickets = new LiveTickets(store.tickets);
  const look = liveLook({ catalogue: store.catalogue, figures, heartbeats, clock });
  const hub = new LiveHub({
    ...{ look, clock, random },
    onError: (error) => log.debug({ err: error }, 'looking for live events failed'),
  });
  const stop = new AbortController();
  const loops = Promise.all([
    heartbeats.run(stop.signal),
    figures.run(stop.signal),
    hub.run(stop.signal),
    keyFile?.follow(stop.signal),
  ]);
  owned.defer(async () => {
    stop.abort();
    await loops;
  });
  const handlers: Handlers<Operations> = {
    ...healthHandlers(parts),
    ...sessionHandlers({ authenticator, tickets, isReadOnly, basePath, lagThresholds }),
    ...topicHandlers(store),
    ...agentHandlers(store.catalogue, heartbeats),
    ...recordHandlers({ catalogue: store.catalogue, gateway, search }),
    ...groupHandlers({ groups: store.groups, catalogue: store.catalogue, gateway }),
    ...metricsHandlers({ catalogue: store.catalogue, figures, clock }),
  };
  const kept = owned.move();
  return {
    handler: createApi(settings, {
      ...{ handlers, authenticator, reviews, clock, log },
      requests: store.requests,
    }),
    sockets: liveSockets(settings, { hub, tickets, authenticator, reviews, clock }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function openKeyFile({
  keysFile: path,
  clock,
  random,
  log,
}: ApiParts): Promise<KeyFile | undefined> {
  if (path === undefined) return undefined;
  const onError = (error: unknown): void =>
    log.warn({ err: error }, 'the file of API keys cannot be used; the keys stay as they were');
  return await KeyFile.open({ path, clock, random, onError });
}
