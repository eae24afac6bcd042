/** A process with the outer manners of an agent and nothing inside, to test the supervisor alone. */
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';

/** What the supervisor runs: this file itself. */
export const STAND_IN_AGENT: string = fileURLToPath(import.meta.url);

/** Variables that change its manners. */
export const STAND_IN_FAULT = 'STAND_IN_FAULT';
export type StandInFault = 'dies-at-start' | 'never-ready' | 'never-drains';

function serve(env: NodeJS.ProcessEnv): void {
  const fault = env[STAND_IN_FAULT];
  if (fault === 'dies-at-start') {
    process.stderr.write('METADATA_STORE is not usable\n');
    process.exitCode = 2;
    return;
  }
  // What it was told, so that a test can ask.
  const status = fault === 'never-ready' ? 503 : 200;
  const server = createServer((_, response) => response.writeHead(status).end(JSON.stringify(env)));
  server.listen(Number(env['METRICS_PORT']), '127.0.0.1');
  let isLeaving = false;
  const leave = (): void => {
    if (isLeaving) return;
    isLeaving = true;
    server.close();
    server.closeAllConnections();
    tellWhetherPostgresServes(env['METADATA_STORE']);
  };
  process.on('SIGTERM', fault === 'never-drains' ? () => undefined : leave);
  process.stdin.on('end', leave).resume();
}

/** As an agent needs it to drain: the order of the stop is seen from here. */
function tellWhetherPostgresServes(url: string | undefined): void {
  if (url === undefined) return;
  const { hostname, port } = new URL(url);
  const probe = connect(Number(port), hostname);
  probe.on('connect', () => {
    process.stdout.write('drained while Postgres served\n');
    probe.destroy();
  });
  probe.on('error', () => process.stdout.write('drained without Postgres\n'));
}

if (import.meta.main) serve(process.env);
