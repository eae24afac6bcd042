/** PostgreSQL as a part of this program: made, started, watched, restarted when it dies, and stopped with it. */
import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { backoffDelayMs } from '@streamhouse/core/async/retry.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import type { Home } from '../home.ts';
import { pause } from '../process.ts';
import { isPortFree, PORT_MAX, quietPort } from '../ports.ts';
import { postgresAccount, postgresFolder } from './account.ts';
import { installBinaries } from './binaries.ts';
import { type PostgresSettings, writeConfiguration } from './configuration.ts';
import {
  ensureDataDirectory,
  POSTGRES_DATABASE,
  POSTGRES_USER,
  postgresPassword,
} from './data-directory.ts';
import {
  findOrphan,
  type Postmaster,
  type PostmasterOptions,
  startPostmaster,
  stopPostmaster,
} from './postmaster.ts';

const HOST = '127.0.0.1';
const RESTART_BACKOFF = { backoffMs: 50, backoffMaxMs: 5_000, random: Math.random };
const START_ATTEMPTS_MAX = 5;

export interface PostgresOptions {
  /** Owned by this process, so that no other supervisor can touch the same cluster. */
  readonly home: Home;
  /** Default: the one of the last start, else any that is free. It is a preference: `port` of the result is what counts. */
  readonly port?: number;
  /** Changes to postgresql.conf, for example `{ fsync: 'off' }` for a cluster that tests throw away. */
  readonly settings?: PostgresSettings;
  /** Gives the start up; it does not stop a started Postgres. */
  readonly signal?: AbortSignal;
  /** Takes sentences for the operator of the machine. */
  readonly log: (line: string) => void;
}

export interface Postgres extends AsyncDisposable {
  /** With the password; never to be printed. */
  readonly url: string;
  /** Of the postmaster that runs now; another one after a restart. */
  readonly pid: number;
  readonly port: number;
  /** Where its files are: below the home, or outside when its account cannot enter the home. */
  readonly folder: string;
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL on 127.0.0.1, or adopts the one that a killed supervisor left running on this home. From then on it is
 * restarted on the same port whenever it dies, until `stop`.
 *
 * @throws StreamError `invalid` when the machine cannot run it; Error with the output of Postgres when it refuses to start.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const signal = options.signal ?? new AbortController().signal;
  const settings = options.settings ?? {};
  const account = await postgresAccount();
  const folder = await postgresFolder({ home: options.home.path, account });
  if (!folder.startsWith(join(options.home.path, sep))) {
    options.log(
      `user ${account?.uid} cannot enter the home, so the files of Postgres are in ${folder}`,
    );
  }
  const binaries = await installBinaries(folder);
  const password = await postgresPassword(join(folder, 'password'));
  const dataDirectory = join(folder, 'data');
  const logFolder = join(folder, 'log');
  const isDurable = settings['fsync'] !== 'off';
  await ensureDataDirectory({
    path: dataDirectory,
    account,
    binaries,
    password,
    isDurable,
    onCreate: () => options.log(`making a new database in ${dataDirectory}`),
    signal,
  });
  await mkdir(logFolder, { recursive: true, mode: 0o700 });
  if (account !== undefined) await chown(logFolder, account.uid, account.gid);
  const launch = { binaries, account, dataDirectory, outputFile: join(folder, 'start.log') };
  const orphan = await findOrphan(launch, signal);
  if (orphan !== undefined) options.log(`adopted the running Postgres (pid ${orphan.pid})`);
  const configure = (port: number): Promise<void> =>
    writeConfiguration({ dataDirectory, logFolder, port, account, settings });
  const first =
    orphan ??
    (await startOnFreePort(launch, configure, options.port, join(folder, 'port'), signal));
  const url = `postgres://${POSTGRES_USER}:${password}@${HOST}:${first.port}/${POSTGRES_DATABASE}`;
  return new SupervisedPostgres(launch, first, { url, folder, log: options.log });
}

class SupervisedPostgres implements Postgres {
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  readonly #launch: PostmasterOptions;
  readonly #log: (line: string) => void;
  readonly #stopping = new AbortController();
  readonly #watch: Promise<void>;
  #postmaster: Postmaster;

  constructor(
    launch: PostmasterOptions,
    postmaster: Postmaster,
    place: { readonly url: string; readonly folder: string; readonly log: (line: string) => void },
  ) {
    this.#launch = launch;
    this.#postmaster = postmaster;
    this.url = place.url;
    this.port = postmaster.port;
    this.folder = place.folder;
    this.#log = place.log;
    this.#watch = this.#superviseUntilStopped();
  }

  get pid(): number {
    return this.#postmaster.pid;
  }

  async stop(): Promise<void> {
    if (!this.#stopping.signal.aborted) {
      this.#stopping.abort();
      await stopPostmaster(this.#launch.binaries, this.#postmaster.pid);
    }
    await this.#watch;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #superviseUntilStopped(): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      await this.#postmaster.exited;
      if (signal.aborted) return;
      const { pid } = this.#postmaster;
      const startMs = systemClock.monotonicMs();
      const next = await this.#restart(signal);
      if (next === undefined) return;
      this.#postmaster = next;
      const tookMs = Math.round(systemClock.monotonicMs() - startMs);
      this.#log(
        `Postgres (pid ${pid}) died; restarted as pid ${next.pid} on port ${next.port} in ${tookMs} ms`,
      );
    }
  }

  /** The processes of a killed postmaster need a moment to see that it is gone; until then a new one is refused. */
  async #restart(signal: AbortSignal): Promise<Postmaster | undefined> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        return await startPostmaster(this.#launch, signal);
      } catch (error) {
        if (signal.aborted) return undefined;
        if (attempt === START_ATTEMPTS_MAX) this.#log(`${(error as Error).message}; trying on`);
        await pause(backoffDelayMs(attempt, RESTART_BACKOFF), signal).catch(() => undefined);
      }
    }
    return undefined;
  }
}

/** Starts on the wanted port, else on the remembered one, else on any; a port lost to another program between is given up. */
async function startOnFreePort(
  launch: PostmasterOptions,
  configure: (port: number) => Promise<void>,
  wanted: number | undefined,
  memory: string,
  signal: AbortSignal,
): Promise<Postmaster> {
  const remembered = Number(await readFile(memory, 'utf8').catch(() => ''));
  let preferred = wanted ?? remembered;
  for (let attempt = 1; ; attempt++) {
    const isUsable = preferred > 0 && preferred <= PORT_MAX && (await isPortFree(preferred, HOST));
    const port = isUsable ? preferred : await quietPort(HOST);
    await configure(port);
    try {
      const postmaster = await startPostmaster(launch, signal);
      await writeFile(memory, String(port));
      return postmaster;
    } catch (error) {
      if (signal.aborted || attempt === START_ATTEMPTS_MAX) throw error;
      // Another start in the same instant may have won the port; or processes of a killed postmaster are still ending.
      if (!(await isPortFree(port, HOST))) preferred = 0;
      await pause(backoffDelayMs(attempt, RESTART_BACKOFF), signal);
    }
  }
}
