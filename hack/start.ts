/** `npm start`: the system, and meanwhile the console, where its build is not there or older than its sources. */
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';

const build = spawn(process.execPath, [join(import.meta.dirname, 'console/build.ts')], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
// Without it the console is missing, and the page says so; the system runs.
build.on('error', (error) => process.stderr.write(`the console is not built: ${error.message}\n`));
if (build.pid !== undefined) setPriority(build.pid, constants.priority.PRIORITY_LOW);
build.unref();

await import('@streamhouse/standalone/main.ts');
