/** A process full of connections that ask for nothing, or for something very slowly. It ends with its parent. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { CrowdMember, CrowdQuestion, CrowdTold } from './crowd.ts';

/** Connections that are opened at a time: more do not fit into the queue of a listener. */
const OPENERS = 200;

function tell(told: CrowdTold): void {
  process.send?.(told);
}

/** Resolves when it is open, with what resolves when it is closed: its status, or 0. */
async function open(
  port: number,
  { first, drip, everyMs }: CrowdMember,
): Promise<{ readonly closed: Promise<string> }> {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  // Whoever is cut off has learned what there was to learn.
  socket.on('error', () => undefined);
  let received = '';
  socket.on('data', (bytes) => (received += bytes.toString('latin1')));
  const dripping = drip === '' ? undefined : setInterval(() => socket.write(drip), everyMs);
  const closed = Promise.withResolvers<string>();
  socket.on('close', () => {
    clearInterval(dripping);
    closed.resolve(/^HTTP\/1.1 (\d{3}) /.exec(received)?.[1] ?? '0');
  });
  if (first !== '') socket.write(first, 'latin1');
  return { closed: closed.promise };
}

async function gather({ port, count, member }: CrowdQuestion): Promise<void> {
  const ends: Promise<string>[] = [];
  let next = 0;
  const opener = async (): Promise<void> => {
    while (next++ < count) ends.push((await open(port, member)).closed);
  };
  await Promise.all(Array.from({ length: OPENERS }, opener));
  tell({ opened: true });
  const statuses: Record<string, number> = {};
  for (const status of await Promise.all(ends)) statuses[status] = (statuses[status] ?? 0) + 1;
  tell({ end: { statuses } });
}

process.on('message', (question: CrowdQuestion) => void gather(question));
process.on('disconnect', () => process.exit());
