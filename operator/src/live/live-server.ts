/** The sockets of the API: who may open one is decided before it is one. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { LIVE_PATH, MONITORING_PATH } from '@streamhouse/api/live.ts';
import type { Noun } from '@streamhouse/api/rest/route.ts';
import { abortAfter, type Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { WebSocketServer } from 'ws';
import type { ApiSettings } from '../http/api.ts';
import { type ApiSockets, rawAnswer } from '../http/api-server.ts';
import { type AuthorizeOptions, authorize } from '../http/authorize.ts';
import type { Authenticator } from '../http/identity/authenticator.ts';
import { addressOf } from '../http/client-place.ts';
import { checkLoopbackHost, checkOrigin } from '../http/origin.ts';
import { problemOf } from '../http/problem.ts';
import { LiveClient, type LiveFeed } from './live-client.ts';
import type { Authorize, LiveHub } from './live-hub.ts';
import type { LiveTickets } from './tickets.ts';

export interface LiveServerParts {
  readonly hub: LiveHub;
  readonly tickets: Pick<LiveTickets, 'take'>;
  readonly authenticator: Authenticator;
  readonly reviews: AuthorizeOptions['reviews'];
  readonly clock: Clock;
}

/** What a feed tells of. */
const NOUNS: Readonly<Record<LiveFeed, readonly Noun[]>> = {
  monitoring: ['metrics'],
  events: ['metrics', 'topics', 'agents', 'groups'],
};

/** Pieces that a message may come in: none of ours needs more than one. */
const FRAGMENTS_MAX = 64;
/** Milliseconds that a connection is left open after a refusal. */
const LINGER_MS = 1_000;

export function liveSockets(settings: ApiSettings, parts: LiveServerParts): ApiSockets {
  const { hub, clock } = parts;
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: LIMITS.liveMessageBytesMax,
    maxFragments: FRAGMENTS_MAX,
  });
  const gate = new Gate(settings, parts);
  const upgrade: ApiSockets['upgrade'] = (request, socket, head) => {
    // Whoever leaves while it is looked at is nobody's fault.
    socket.on('error', () => socket.destroy());
    gate.admit(request).then(
      ({ feed, authorize: again }) => {
        sockets.handleUpgrade(request, socket, head, (opened) =>
          hub.join(new LiveClient(opened, feed, clock), again),
        );
      },
      (error: unknown) => {
        refuse(request, socket, error);
        // To cut it at once would take the answer with it.
        clock.schedule(LINGER_MS, () => socket.destroy());
      },
    );
  };
  return { upgrade, end: () => hub.end() };
}

type Shown = Pick<IncomingMessage['headers'], 'authorization' | 'cookie'>;

interface Admitted {
  readonly feed: LiveFeed;
  /** Looks at the rights again. */
  readonly authorize: Authorize;
}

class Gate {
  readonly #settings: ApiSettings;
  readonly #parts: LiveServerParts;
  readonly #allowedOrigins: ReadonlySet<string>;

  constructor(settings: ApiSettings, parts: LiveServerParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#allowedOrigins = new Set(settings.allowedOrigins);
  }

  /** @throws StreamError why it is refused. */
  async admit(request: IncomingMessage): Promise<Admitted> {
    const { hub, clock } = this.#parts;
    const { headers } = request;
    const { feed, ticket } = this.#asked(request.url ?? '');
    if (this.#settings.isLoopback) checkLoopbackHost(headers);
    hub.checkRoom();
    // A browser sends a cookie by itself, and to a server without keys it needs none. A socket tells for as long as it is
    // open: as much care as with a mutation.
    if (headers.authorization === undefined && ticket === undefined)
      checkOrigin('POST', headers, this.#allowedOrigins);
    const address = addressOf(request, this.#settings.trustedProxies);
    using timeout = abortAfter(clock, LIMITS.apiAnswerMsMax);
    const { authorization, cookie } =
      ticket === undefined ? headers : await this.#ticketed(ticket, address, timeout.signal);
    const again: Authorize = (signal) =>
      this.#authorize({ authorization, cookie }, address, feed, signal);
    await again(timeout.signal);
    return { feed, authorize: again };
  }

  /** The headers that it was given for. @throws as `Authenticator.redeem`. */
  #ticketed(ticket: string, address: string, signal: AbortSignal): Promise<Shown> {
    const { authenticator, tickets } = this.#parts;
    return authenticator.redeem(() => tickets.take(ticket, signal), address);
  }

  /** @throws StreamError `notFound` NO_SUCH_PATH; `unauthorized` FOREIGN_QUERY. */
  #asked(target: string): { readonly feed: LiveFeed; readonly ticket: string | undefined } {
    const { basePath } = this.#settings;
    const [path = '', query = ''] = target.split('?', 2);
    const base = basePath === '/' ? '' : basePath;
    const feeds: Readonly<Record<string, LiveFeed>> = {
      [`${base}${MONITORING_PATH}`]: 'monitoring',
      [`${base}${LIVE_PATH}`]: 'events',
    };
    const feed = feeds[path];
    if (feed === undefined)
      throw new StreamError('notFound', 'NO_SUCH_PATH', 'there is no socket at this path');
    const values = new URLSearchParams(query);
    // Queries are written to logs on their way: no token may come in one.
    if ([...values.keys()].some((name) => name !== 'ticket')) {
      const message = 'the query may have a ticket and nothing else: tokens go into a header';
      throw new StreamError('unauthorized', 'FOREIGN_QUERY', message);
    }
    return { feed, ticket: values.get('ticket') ?? undefined };
  }

  /** @throws StreamError `unauthorized`. */
  async #authorize(
    shown: Shown,
    address: string,
    feed: LiveFeed,
    signal: AbortSignal,
  ): Promise<void> {
    const { authenticator, reviews } = this.#parts;
    const { isReadOnly } = this.#settings;
    const { principal } = await authenticator.identify(shown, address, signal);
    for (const noun of NOUNS[feed]) {
      const attempt = { noun, verb: 'read', name: undefined } as const;
      await authorize(principal, attempt, { isReadOnly, reviews }, signal);
    }
  }
}

function refuse(request: IncomingMessage, socket: Duplex, error: unknown): void {
  const [path = ''] = (request.url ?? '').split('?', 1);
  socket.end(rawAnswer(problemOf(error, randomUUID(), path)));
}
