import { type TiedOptions, spawnTied } from './tied.ts';

const COMPLAINT_CHARS_MAX = 2_000;
/** Of a shell that did not find the program. */
const NOT_FOUND = 127;

export interface GoOptions extends Pick<TiedOptions, 'env' | 'isLowPriority'> {
  readonly cwd: string;
  readonly signal: AbortSignal;
}

/** Runs the Go tool. Resolves why it failed, or undefined when it did not. */
export async function runGo(
  args: readonly string[],
  options: GoOptions,
): Promise<string | undefined> {
  const { signal, ...rest } = options;
  signal.throwIfAborted();
  await using go = spawnTied(['go', ...args], { ...rest, output: 'pipe' });
  let complaint = '';
  go.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-COMPLAINT_CHARS_MAX);
  });
  const end = (): void => void go[Symbol.asyncDispose]();
  signal.addEventListener('abort', end, { once: true });
  const code = await go.ended;
  signal.removeEventListener('abort', end);
  signal.throwIfAborted();
  if (code === 0) return undefined;
  if (code === NOT_FOUND) return 'Go is not installed';
  return `go ${args[0]} failed: ${complaint.trim().split('\n').at(-1)}`;
}
