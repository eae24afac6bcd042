/** The addresses that a client starts from. */
import { StreamError } from '@streamhouse/core/errors.ts';

const ADDRESSES_MAX = 100;
const PORT_MAX = 65_535;
/** host:port, with an IPv6 host in brackets. */
const ADDRESS = /^(?:[^\s:[\]/]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})$/;

/**
 * The distinct `host:port` of the option `bootstrap`.
 *
 * @throws StreamError `invalid` BOOTSTRAP when there is none, one is not `host:port`, or there are more than 100.
 */
export function parseBootstrap(bootstrap: string | readonly string[]): string[] {
  const texts = typeof bootstrap === 'string' ? [bootstrap] : bootstrap;
  const named = texts.flatMap((text) => text.split(',')).map((text) => text.trim());
  const addresses = [...new Set(named.filter((text) => text !== ''))];
  if (addresses.length === 0) throw invalid('bootstrap must name at least one agent as host:port');
  if (addresses.length > ADDRESSES_MAX) throw invalid(`bootstrap names at most ${ADDRESSES_MAX}`);
  for (const address of addresses) {
    if (!isAddress(address)) {
      throw invalid(`bootstrap must be host:port, for example localhost:9090; got "${address}"`);
    }
  }
  return addresses;
}

/** Whether a text is `host:port`, so that it can be dialled and means nothing else to the library. */
export function isAddress(text: string): boolean {
  const port = Number(ADDRESS.exec(text)?.[1] ?? 0);
  return port >= 1 && port <= PORT_MAX;
}

function invalid(message: string): StreamError {
  return new StreamError('invalid', 'BOOTSTRAP', message);
}
