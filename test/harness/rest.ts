/** The REST API on a port of its own, over the metadata of a cluster or of an empty database. */
import { type Call, createCaller, ProblemError } from '@streamhouse/api/rest/client.ts';
import type { Problem } from '@streamhouse/api/rest/problem.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import type { ApiSettings } from '@streamhouse/operator/http/api.ts';
import { startApiServer } from '@streamhouse/operator/http/api-server.ts';
import { type ApiParts, startApi } from '@streamhouse/operator/http/start-api.ts';
import type { TlsFiles } from '@streamhouse/operator/http/tls-files.ts';
import { OperatorMetrics } from '@streamhouse/operator/metrics.ts';
import { openPgMetadata } from '@streamhouse/store/metadata/pg/metadata.ts';
import type { OperatorMetadata } from '@streamhouse/store/metadata/port.ts';
import pino from 'pino';
import type { Cluster } from './cluster.ts';

export interface RestApi extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly call: Call;
  /** What it logged, one object each. */
  readonly lines: readonly LogLine[];
}

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly audit?: Readonly<Record<string, unknown>>;
}

export interface RestOptions extends Partial<ApiSettings> {
  readonly keysFile?: string;
  readonly tokens?: ApiParts['tokens'];
  readonly tls?: TlsFiles;
  /** Absent: any that is free. */
  readonly port?: number;
}

export async function startRest(
  store: OperatorMetadata,
  { keysFile, tokens, tls, port = 0, ...settings }: RestOptions = {},
): Promise<RestApi> {
  await using parts = new AsyncDisposableStack();
  const lines: LogLine[] = [];
  const api = parts.use(
    await startApi(
      {
        basePath: '/',
        isLoopback: keysFile === undefined && tokens === undefined,
        isReadOnly: false,
        allowedOrigins: [],
        trustedProxies: 0,
        requestsPerMinute: 1_000_000,
        lagThresholds: { caughtUpMax: 0, normalMax: 1_000 },
        ...settings,
      },
      {
        store,
        keysFile,
        tokens,
        registry: new OperatorMetrics().registry,
        clock: systemClock,
        random: Math.random,
        log: pino(
          { level: 'debug' },
          { write: (line: string) => lines.push(JSON.parse(line) as LogLine) },
        ),
      },
    ),
  );
  const server = parts.use(
    await startApiServer(api.handler, { host: '127.0.0.1', port, sockets: api.sockets, tls }),
  );
  const { url } = server;
  const owned = parts.move();
  return {
    ...{ url, port: server.port, lines, call: createCaller({ baseUrl: url }) },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The same over the metadata of a cluster that runs. */
export async function startRestOf(
  cluster: Pick<Cluster, 'postgres'>,
): Promise<RestApi & { readonly metadata: OperatorMetadata }> {
  await using parts = new AsyncDisposableStack();
  const metadata = parts.use(
    await openPgMetadata({
      url: cluster.postgres.url,
      applicationName: 'test-api',
      clock: systemClock,
      random: Math.random,
      onError: () => undefined,
    }),
  );
  const api = parts.use(await startRest(metadata));
  const owned = parts.move();
  return { ...api, metadata, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What the server refuses a call with. @throws Error when it does not. */
export async function problemOf(call: Promise<unknown>): Promise<Problem> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ProblemError) return error.problem;
  throw new Error('expected a problem', { cause: error });
}
