/** A supervisor that starts Postgres in the home given as its first word, says so, and waits to be killed. */
import { fileURLToPath } from 'node:url';
import { openHome } from '../home.ts';
import { startPostgres } from '../postgres/postgres.ts';
import { pause } from '../process.ts';

export const POSTGRES_SUPERVISOR: string = fileURLToPath(import.meta.url);

if (import.meta.main) {
  const home = await openHome(process.argv[2] ?? '');
  const postgres = await startPostgres({ home, settings: { fsync: 'off' }, log: () => undefined });
  process.stdout.write(`${postgres.pid} ${postgres.port}\n`);
  await pause(60_000);
}
