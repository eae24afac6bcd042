/** A process with the outer manners of an agent and nothing inside, to test the supervisor alone. */
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

/** What the supervisor runs: this file itself. */
export const STAND_IN_AGENT: string = fileURLToPath(import.meta.url);

/** Variables that change its manners. */
export const STAND_IN_FAULT = 'STAND_IN_FAULT';
export type StandInFault = 'dies-at-start' | 'never-drains';

function serve(env: NodeJS.ProcessEnv): void {
  const fault = env[STAND_IN_FAULT];
  if (fault === 'dies-at-start') {
    process.stderr.write('METADATA_STORE is not usable\n');
    process.exitCode = 2;
    return;
  }
  const server = createServer((_, response) => response.end('ok'));
  server.listen(Number(env['METRICS_PORT']), '127.0.0.1');
  const leave = (): void => {
    server.close();
    server.closeAllConnections();
    process.stdin.destroy();
    process.stdout.write('drained\n');
  };
  process.on('SIGTERM', fault === 'never-drains' ? () => undefined : leave);
  process.stdin.on('end', leave).resume();
}

if (import.meta.main) serve(process.env);
