import { spawn } from 'node:child_process';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryHome extends AsyncDisposable {
  readonly path: string;
}

/** Files in it are named after processes that were stopped and have to go on to be able to end. */
export const STOPPED_FOLDER = 'stopped';

// $1 is the folder. Postgres is the one child that outlives its supervisor on purpose, so it is the one to end. Agents end by
// themselves, and write into the folder until then: each is waited for, a minute at most, and so is on Linux whoever else has
// the folder in its environment, as an agent that is not recorded yet.
const CLEAN_UP = `
cat > /dev/null
for file in "$1"/${STOPPED_FOLDER}/*; do kill -CONT "\${file##*/}" 2> /dev/null; done
agents=$(sed -n 's/.*"pid":\\([0-9]*\\).*/\\1/p' "$1"/agents/*.json 2> /dev/null)
pid=$(head -n 1 "$1/postgres/data/postmaster.pid" 2> /dev/null) && kill -QUIT "$pid"
while [ -n "$pid" ] && kill -0 "$pid" 2> /dev/null; do sleep 0.05; done
tries=1200
for agent in $agents; do
  while kill -0 "$agent" && [ $tries -gt 0 ]; do sleep 0.05; tries=$((tries - 1)); done
done 2> /dev/null
while grep -qsF "$1" /proc/[0-9]*/environ && [ $tries -gt 0 ]; do sleep 0.2; tries=$((tries - 4)); done
rm -rf "$1"
`;

/**
 * A folder for one cluster, removed on dispose. If the test process dies first, however it dies, a shell that waits for
 * the end of its standard input stops the Postgres that runs there and removes the folder.
 */
export async function temporaryHome(): Promise<TemporaryHome> {
  const path = await mkdtemp(join(tmpdir(), 'streamhouse-'));
  // Postgres may run as another user, who has to pass through.
  await chmod(path, 0o711);
  const guard = spawn('/bin/sh', ['-c', CLEAN_UP, 'guard', path], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const isDone = new Promise<void>((resolve) => guard.once('exit', () => resolve()));
  guard.unref();
  return {
    path,
    async [Symbol.asyncDispose](): Promise<void> {
      guard.ref();
      guard.stdin.end();
      await isDone;
    },
  };
}
