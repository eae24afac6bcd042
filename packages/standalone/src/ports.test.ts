import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect, test } from 'vitest';
import { isPortFree, planPorts, quietPort } from './ports.ts';

const HOST = '127.0.0.1';

async function listen(port: number): Promise<Server & AsyncDisposable> {
  const server = createServer().listen(port, HOST);
  await once(server, 'listening');
  return server;
}

test('names every taken port and what it was for', async () => {
  await using one = await listen(0);
  await using two = await listen(0);
  const ports = [one, two].map((server) => (server.address() as AddressInfo).port);
  const wishes = ports.map((port, index) => ({ port, what: `agent-${index} (--agent-port)` }));
  await expect(planPorts(wishes, { host: HOST, isAuto: false })).rejects.toMatchObject({
    reason: 'PORT_TAKEN',
    message:
      `port ${ports[0]} for agent-0 (--agent-port) is taken; port ${ports[1]} for agent-1 (--agent-port) is taken: ` +
      'give another one, or --auto-port to use the next free one',
  });
});

test('takes the next free port instead when it may', async () => {
  const port = await quietPort(HOST);
  await using _server = await listen(port);
  const [planned] = await planPorts([{ port, what: 'x' }], { host: HOST, isAuto: true });
  expect(planned).toBeGreaterThan(port);
  expect(await isPortFree(planned!, HOST)).toBe(true);
});

test('gives no port twice', async () => {
  const port = await quietPort(HOST);
  const wishes = [
    { port, what: 'x' },
    { port, what: 'y' },
  ];
  const planned = await planPorts(wishes, { host: HOST, isAuto: true });
  expect(new Set(planned).size).toBe(2);
  await expect(planPorts(wishes, { host: HOST, isAuto: false })).rejects.toThrow('for y is taken');
});
