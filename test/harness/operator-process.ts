/** One operator as a process of its own, as its kubelet sees it: signals, probes, metrics, log. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { afterwards } from '../../hack/tied.ts';
import { until } from './until.ts';

const MAIN = createRequire(import.meta.url).resolve('@streamhouse/operator/main.ts');

export class OperatorProcess implements AsyncDisposable {
  readonly name: string;
  readonly httpPort: number;
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #guard: AsyncDisposable;
  readonly #lines: readonly string[];

  private constructor(
    name: string,
    parts: {
      readonly httpPort: number;
      readonly child: ChildProcess;
      readonly guard: AsyncDisposable;
      readonly ended: Promise<number | null>;
      readonly lines: readonly string[];
    },
  ) {
    this.name = name;
    this.httpPort = parts.httpPort;
    this.ended = parts.ended;
    this.#child = parts.child;
    this.#guard = parts.guard;
    this.#lines = parts.lines;
  }

  /** Resolves when it answers to probes. `program`: what Node.js runs, unless it is the sources. @throws Error with what it said when it ends before. */
  static async start(
    name: string,
    env: NodeJS.ProcessEnv,
    program: readonly string[] = [MAIN],
  ): Promise<OperatorProcess> {
    const child = spawn(process.execPath, program, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const guard = afterwards('/bin/kill', '-KILL', String(child.pid));
    const ended = once(child, 'close').then(([code]) => code as number | null);
    const lines: string[] = [];
    const port = Promise.withResolvers<number>();
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        const told = /"httpPort":(\d+)/.exec(line)?.[1];
        if (told !== undefined) port.resolve(Number(told));
      });
    }
    const early = ended.then((code) => {
      throw new Error(`the operator ended with ${code}: ${lines.join('\n')}`);
    });
    const httpPort = await Promise.race([port.promise, early]).catch(async (error: unknown) => {
      // It would keep this process alive for one that is gone.
      await guard[Symbol.asyncDispose]();
      throw error;
    });
    early.catch(() => undefined);
    return new OperatorProcess(name, { httpPort, child, guard, ended, lines });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Lines of its log that contain all of the words. */
  said(...words: readonly string[]): readonly string[] {
    return this.#lines.filter((line) => words.every((word) => line.includes(word)));
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async probe(path: '/healthz' | '/readyz'): Promise<number> {
    return (await fetch(`http://127.0.0.1:${this.httpPort}${path}`)).status;
  }

  /** Sum of a series over the labels that match, for example `rest_client_requests_total` with `method="PATCH"`. */
  async metric(name: string, label = ''): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.httpPort}/metrics`)).text();
    const values = text
      .split('\n')
      .filter((line) => /^[a-z_]+/.exec(line)?.[0] === name && line.includes(label));
    return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  /** Where its API listens, without a base path. */
  async apiUrl(signal: AbortSignal): Promise<string> {
    const port = (): string | undefined =>
      /"apiPort":(\d+)/.exec(this.said('"apiPort"')[0] ?? '')?.[1];
    await until(() => port() !== undefined, signal);
    return `http://127.0.0.1:${port()}`;
  }

  async isLeader(): Promise<boolean> {
    return (await this.metric('leader_election_master_status')) === 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that a test has suspended takes SIGTERM only after it goes on.
    this.kill('SIGCONT');
    this.kill('SIGTERM');
    await this.ended;
    await this.#guard[Symbol.asyncDispose]();
  }
}
