/** The chart as its users meet it: values in, objects out. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import type { CommandEnd } from './command.ts';

const ROOT = join(import.meta.dirname, '../..');
export const CHART: string = join(ROOT, 'helm/streamhouse');

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // oxlint-disable-next-line typescript/no-explicit-any -- objects of any kind, read by tests
  readonly [field: string]: any;
}

export interface Container {
  readonly name: string;
  readonly ports?: readonly { readonly hostPort?: number }[];
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly privileged?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
}

export interface PodSpec {
  readonly automountServiceAccountToken?: boolean;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly seccompProfile?: { readonly type: string };
  };
}

/** What runs helm: a ControlPlane. */
export interface HelmRunner {
  helm(args: readonly string[], options?: { readonly input?: unknown }): Promise<CommandEnd>;
}

const TEMPLATE = [
  ...['template', 'house', CHART, '--namespace', 'streams'],
  ...['--kube-version', '1.36', '--values', '-'],
];

/** How rendering ended; values as in a `--values` file. */
export function tryRender(runner: HelmRunner, values: unknown = {}): Promise<CommandEnd> {
  return runner.helm(TEMPLATE, { input: values });
}

/** Text of all templates. @throws Error with what helm said. */
export async function renderText(runner: HelmRunner, values?: unknown): Promise<string> {
  const { exitCode, stdout, stderr } = await tryRender(runner, values);
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
}

export async function render(runner: HelmRunner, values?: unknown): Promise<KubeObject[]> {
  return objectsOf(await renderText(runner, values));
}

export function objectsOf(yaml: string): KubeObject[] {
  const documents = parseAllDocuments(yaml);
  for (const { errors } of documents) if (errors[0] !== undefined) throw errors[0];
  return documents.map((each) => each.toJS() as KubeObject | null).filter((each) => each !== null);
}

export async function chartFile(path: string): Promise<unknown> {
  return parse(await readFile(join(CHART, path), 'utf8')) as unknown;
}
