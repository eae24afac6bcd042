import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

export const PORT_MAX = 65_535;

// Below the range from which systems take the local ports of outgoing connections, so that a remembered port stays free.
const QUIET_PORT_MIN = 20_000;
const QUIET_PORT_MAX = 32_000;
const ATTEMPTS_MAX = 200;

/** Whether a TCP server could listen there now. Taken is one answer; a port that needs rights counts as taken too. */
export function isPortFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A free port of `host` that outgoing connections do not use, so that it can be remembered. */
export async function quietPort(host: string): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const port = randomInt(QUIET_PORT_MIN, QUIET_PORT_MAX);
    if (await isPortFree(port, host)) return port;
  }
  throw new Error(`no free port between ${QUIET_PORT_MIN} and ${QUIET_PORT_MAX} on ${host}`);
}
