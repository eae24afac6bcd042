/** The program of the image serving the API of a large cluster, with a Postgres of its own. */
import { join } from 'node:path';
import { openHome } from '@streamhouse/standalone/home.ts';
import { startPostgres } from '@streamhouse/standalone/postgres/postgres.ts';
import { migrate } from '@streamhouse/store/metadata/pg/migrate.ts';
import { bundle } from '../../../hack/image/bundle.ts';
import { type ApiProcess, startApiProcess } from '../../harness/api-process.ts';
import { temporaryHome } from '../../harness/guard.ts';
import { fillWithMany } from './many.ts';

const MIGRATION_MS = 60_000;

export async function startApiWorld(
  say: (line: string) => void,
  nodeFlags: readonly string[] = [],
): Promise<ApiProcess> {
  await using parts = new AsyncDisposableStack();
  const { path } = parts.use(await temporaryHome());
  const home = parts.use(await openHome(path));
  const app = join(path, 'app');
  await bundle(app);
  const postgres = parts.use(await startPostgres({ home, log: () => undefined }));
  await migrate(postgres.url, AbortSignal.timeout(MIGRATION_MS));
  say('10,000 topics and 1,000 groups');
  await fillWithMany(postgres.url);
  const program = [join(app, 'main.mjs'), 'operator'];
  const api = parts.use(await startApiProcess({ postgresUrl: postgres.url, program, nodeFlags }));
  const owned = parts.move();
  return { ...api, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
