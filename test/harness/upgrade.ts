/** The handshake of a WebSocket, by hand: what is answered to it can be seen, whatever it is. */
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import https, { type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';

interface Upgraded {
  readonly status: number | undefined;
  /** The connection, if it is a socket from now on (101). */
  readonly socket: Duplex | undefined;
}

export async function upgrade(url: string, options: RequestOptions = {}): Promise<Upgraded> {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
  };
  const { get } = url.startsWith('https:') ? https : http;
  return await new Promise((resolve, reject) => {
    const request = get(url, { ...options, headers, agent: false });
    request.once('error', reject);
    request.once('upgrade', ({ statusCode: status }, socket) => resolve({ status, socket }));
    request.once('response', (response) => {
      resolve({ status: response.statusCode, socket: undefined });
      response.destroy();
    });
  });
}
