import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { StreamError } from '@streamhouse/core/errors.ts';

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

export interface PortWish {
  /** 0: any free one. */
  readonly port: number;
  /** Who shall listen there and what decides it, for the message, as in `agent-1 (--agent-port)`. */
  readonly what: string;
  /** Whether another one does as well, whatever the option says. */
  readonly isAny?: boolean;
}

/**
 * Finds a port for each wish, none twice. Where one is taken, the next free one above it is used if `isAuto`.
 *
 * @throws StreamError `conflict` PORT_TAKEN that names every taken port.
 */
export async function planPorts(
  wishes: readonly PortWish[],
  options: {
    readonly host: string;
    readonly isAuto: boolean;
    readonly taken?: ReadonlySet<number>;
  },
): Promise<number[]> {
  const planned = new Set(options.taken);
  const ports: number[] = [];
  const conflicts: string[] = [];
  for (const wish of wishes) {
    let port = wish.port === 0 ? await quietPort(options.host) : wish.port;
    const canMove = wish.port === 0 || wish.isAny === true || options.isAuto;
    while (planned.has(port) || !(await isPortFree(port, options.host))) {
      if (!canMove || port === PORT_MAX) {
        conflicts.push(`port ${port} for ${wish.what} is taken`);
        break;
      }
      port += 1;
    }
    planned.add(port);
    ports.push(port);
  }
  if (conflicts.length > 0) {
    const next = 'give another one, or --auto-port to use the next free one';
    throw new StreamError('conflict', 'PORT_TAKEN', `${conflicts.join('; ')}: ${next}`);
  }
  return ports;
}
