/**
 * A real Kubernetes control plane with three simulated nodes, one for all tests of a run. Files that use it are named
 * `*.kube.test.ts` and run after all others, when it is there.
 */
import { randomBytes } from 'node:crypto';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { inject } from 'vitest';
import { kubeconfig } from '../../hack/kube/kubeconfig.ts';
import { AUDIT_LOG } from '../../hack/kube/simulated-nodes.ts';
import type { CommandEnd } from './command.ts';
import type { ControlPlaneOutcome } from './control-plane-setup.ts';

const POLL_MS = 100;
const COMMAND_MS_MAX = 120_000;
const CRDS = join(import.meta.dirname, '../../crds');

export interface RunOptions {
  /** Its standard input; anything but a string as JSON, which is YAML. */
  readonly input?: unknown;
  /** A path; without it the command may do everything. */
  readonly kubeconfig?: string;
}

/** As in `audit.k8s.io/v1`. */
export interface AuditedRequest {
  readonly verb: string;
  readonly objectRef?: {
    readonly namespace?: string;
    readonly name?: string;
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code: number; readonly message?: string };
}

export interface TestNamespace extends AsyncDisposable {
  readonly name: string;
}

/**
 * The control plane of this run. Undefined where there is none, which the setup has said aloud; in CI, where `CI` is set,
 * that is an error.
 */
export async function controlPlane(): Promise<ControlPlane | undefined> {
  const outcome = await waitForOutcome();
  if ('plane' in outcome) return new ControlPlane(outcome.plane);
  if ('fault' in outcome) throw new Error(`the control plane did not start: ${outcome.fault}`);
  if ((process.env['CI'] ?? '') !== '') throw new Error(outcome.missing);
  return undefined;
}

export class ControlPlane {
  readonly #plane: Extract<ControlPlaneOutcome, { plane: unknown }>['plane'];

  constructor(plane: Extract<ControlPlaneOutcome, { plane: unknown }>['plane']) {
    this.#plane = plane;
  }

  /** The path of a kubeconfig that may do everything. */
  get kubeconfig(): string {
    return this.#plane.kubeconfigs.admin;
  }

  kubectl(args: readonly string[], options?: RunOptions): Promise<CommandEnd> {
    return this.#run('kubectl', args, options);
  }

  helm(args: readonly string[], options?: RunOptions): Promise<CommandEnd> {
    return this.#run('helm', args, options);
  }

  /** As `kubectl`. @throws Error with what it said when it does not end with 0. */
  async mustKubectl(args: readonly string[], options?: RunOptions): Promise<string> {
    const { exitCode, stdout, stderr } = await this.kubectl(args, options);
    if (exitCode !== 0)
      throw new Error(`kubectl ${args.join(' ')} ended with ${exitCode}: ${stderr}`);
    return stdout;
  }

  /** A namespace of its own, with pod security `restricted` enforced. Its deletion is not waited for. */
  async namespace(): Promise<TestNamespace> {
    const name = `test-${randomBytes(5).toString('hex')}`;
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    const input = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
    await this.mustKubectl(['create', '-f', '-'], { input });
    return {
      name,
      [Symbol.asyncDispose]: async () => {
        await this.mustKubectl(['delete', 'namespace', name, '--wait=false', '--ignore-not-found']);
      },
    };
  }

  /** Makes the API server know the kinds of `crds/`. They are the whole cluster's, and files may do so at the same time. */
  async installCrds(): Promise<void> {
    await this.mustKubectl(['apply', '--server-side', '--force-conflicts', '-f', CRDS]);
    await this.mustKubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', CRDS]);
  }

  /** The path of a kubeconfig with the rights of a service account and that namespace as its own. */
  async serviceAccount(namespace: string, name: string): Promise<string> {
    const args = ['create', 'token', name, `--namespace=${namespace}`, '--duration=8h'];
    const token = (await this.mustKubectl(args)).trim();
    const { folder, server, authority } = this.#plane;
    const path = join(folder, `${namespace}-${name}-${randomBytes(4).toString('hex')}.kubeconfig`);
    await writeFile(path, kubeconfig({ server, authority, token, namespace }), { mode: 0o600 });
    return path;
  }

  /** What a service account has asked of the API server so far, `user` as the server calls it. */
  async requestsOf(user: string): Promise<readonly AuditedRequest[]> {
    const log = await readFile(join(this.#plane.folder, AUDIT_LOG), 'utf8');
    // The last line may be on its way.
    return log
      .slice(0, log.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line.includes(user))
      .map((line) => JSON.parse(line) as AuditedRequest & { readonly user: { username: string } })
      .filter((request) => request.user.username === user);
  }

  /** Nothing of the user's home takes part. */
  async #run(
    program: string,
    args: readonly string[],
    { input, kubeconfig: config = this.kubeconfig }: RunOptions = {},
  ): Promise<CommandEnd> {
    const { binaries, folder } = this.#plane;
    const child = spawn(join(binaries, program), args, {
      env: { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: config },
      timeout: COMMAND_MS_MAX,
    });
    // A command that ended already says why on its standard error.
    child.stdin.on('error', () => undefined);
    child.stdin.end(typeof input === 'string' ? input : JSON.stringify(input));
    const [stdout, stderr, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { exitCode, stdout, stderr };
  }
}

/** It appears within the time that the setup gives itself. */
async function waitForOutcome(): Promise<ControlPlaneOutcome> {
  const path = inject('controlPlaneOutcome') as string | undefined;
  if (path === undefined) throw new Error('tests on Kubernetes are in files named *.kube.test.ts');
  while (
    await access(path).then(
      () => false,
      () => true,
    )
  )
    await sleep(POLL_MS);
  return JSON.parse(await readFile(path, 'utf8')) as ControlPlaneOutcome;
}
