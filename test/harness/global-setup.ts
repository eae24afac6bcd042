/** One Postgres for all tests of a run: each test file makes its own database in it. */
import { openHome } from '@streamhouse/standalone/home.ts';
import { startPostgres } from '@streamhouse/standalone/postgres/postgres.ts';
import type { TestProject } from 'vitest/node';
import { temporaryHome } from './guard.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Of a superuser; the database in it stays empty. */
    postgresUrl: string;
  }
}

/** Starts it and resolves how to stop it. Nothing in it has to survive the run, so nothing is forced to the disk. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using parts = new AsyncDisposableStack();
  const folder = parts.use(await temporaryHome());
  const home = parts.use(await openHome(folder.path));
  const settings = { fsync: 'off', max_connections: '300' };
  const postgres = parts.use(await startPostgres({ home, settings, log: () => undefined }));
  project.provide('postgresUrl', postgres.url);
  const started = parts.move();
  return () => started.disposeAsync();
}
