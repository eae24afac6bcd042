/** Where a request comes from, past the proxies that are believed. */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

/** Of the client: what the proxy before the last of them has added. */
export function addressOf({ headers, socket }: IncomingMessage, trustedProxies: number): string {
  const own = socket.remoteAddress ?? '';
  if (trustedProxies === 0) return own;
  const way = [own, ...listOf(headers['x-forwarded-for']).reverse()];
  return way[Math.min(trustedProxies, way.length - 1)] ?? '';
}

/** By our own certificate, or by the word of a proxy. */
export function isEncrypted({ headers, socket }: IncomingMessage, trustedProxies: number): boolean {
  if (socket instanceof TLSSocket) return true;
  return trustedProxies > 0 && listOf(headers['x-forwarded-proto'])[0] === 'https';
}

function listOf(header: string | string[] | undefined): string[] {
  const parts = String(header ?? '').split(',');
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}
