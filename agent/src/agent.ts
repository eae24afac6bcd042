/** The agent as a whole: its servers, and one incarnation after the other behind them. */
import { type GrpcServer, openConnections, startGrpcServer } from './grpc/server.ts';
import { type HttpServer, startHttpServer } from './http/server.ts';
import type { AgentComponents } from './incarnation.ts';
import { Lives } from './lives.ts';
import type { AgentSettings } from './settings.ts';

export interface Agent {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Drains and stops: everything accepted is published, every lease has an heir, every call has its answer. Idempotent. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Milliseconds for calls to end by themselves once everything is handed over. */
const CLOSE_GRACE_MS = 2000;

/** @throws StreamError `unavailable` LISTEN when a port is taken. Everything else is waited for and told by `/ready`. */
export async function startAgent(
  settings: AgentSettings,
  components: AgentComponents,
): Promise<Agent> {
  const lives = new Lives(settings, components);
  const { clock, log, metrics } = components;
  metrics.setConnectionsSource(openConnections);
  const grpc = await startGrpcServer(
    { current: () => lives.current(), clock, log, metrics },
    settings.listen,
  );
  const http = await startHttpServer({
    port: settings.metricsPort,
    health: () => lives.healthFault(),
    ready: () => lives.readyFault(),
    registry: metrics.registry,
  });
  lives.start(grpc);
  log.info({ grpcPort: grpc.port, httpPort: http.port }, 'agent is listening');
  let disposed: Promise<void> | undefined;
  return {
    grpcPort: grpc.port,
    httpPort: http.port,
    [Symbol.asyncDispose]: () => (disposed ??= stop(lives, grpc, http)),
  };
}

async function stop(lives: Lives, grpc: GrpcServer, http: HttpServer): Promise<void> {
  grpc.setServing(false);
  await lives.drain();
  await grpc.close(CLOSE_GRACE_MS);
  await lives[Symbol.asyncDispose]();
  await http.close();
}
