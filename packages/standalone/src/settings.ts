/** Words of the command line and the environment -> settings. Pure: every fault is found before any is reported. */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Secret } from '@streamhouse/core/secret.ts';
import { PORT_MAX } from './ports.ts';

export type StandaloneObjects =
  /** Files in the home. */
  | { readonly kind: 'directory' }
  /** The credentials are the agents' business: they read AWS_* themselves. */
  | { readonly kind: 's3'; readonly url: string; readonly bucket: string };

/** Topics and AgentPools as resources, as with an operator on Kubernetes. */
export interface ResourceSettings {
  /** Of the API that serves them and the REST API; 0: any free one. */
  readonly apiPort: number;
  /** Absolute path of the folder whose manifests are applied at the start. */
  readonly manifests: string;
}

export interface StandaloneSettings {
  /** Absolute path. */
  readonly home: string;
  /** Agents of the pool `default`. Undefined: as many as its resource says, or three where there are no resources. */
  readonly agentCount: number | undefined;
  /** Of the first agent, the next ones take the ports after it; 0: any free ones. */
  readonly agentPort: number;
  /** As `agentPort`, for the agents' HTTP servers. */
  readonly metricsPort: number;
  /** Whether a taken port is passed over instead of reported. */
  readonly isAutoPort: boolean;
  /** Undefined: an embedded PostgreSQL. */
  readonly postgresUrl: Secret | undefined;
  readonly objects: StandaloneObjects;
  /** Absolute path of the file that tells other programs when all is ready and where it is. */
  readonly readyFile: string | undefined;
  /** What agents inherit; what the supervisor decides goes over it. */
  readonly agentEnv: Readonly<Record<string, string>>;
  /** Undefined: no resources, and nothing but `addAgent` and `removeAgent` changes how many agents there are. */
  readonly resources: ResourceSettings | undefined;
}

export type StandaloneCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'start'; readonly settings: StandaloneSettings }
  /** One sentence each. */
  | { readonly kind: 'faulty'; readonly faults: readonly string[] };

export interface CommandSource {
  /** The words after the program's name. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
}

/** Agents of one pool: each is a process of this machine. */
export const AGENTS_MAX = 32;
export const AGENTS_DEFAULT = 3;
export const SAMPLES: string = fileURLToPath(
  new URL('../../../manifests/samples', import.meta.url),
);

const OPTIONS = {
  home: { type: 'string' },
  agents: { type: 'string' },
  'agent-port': { type: 'string' },
  'metrics-port': { type: 'string' },
  'api-port': { type: 'string' },
  'auto-port': { type: 'boolean' },
  manifests: { type: 'string' },
  postgres: { type: 'string' },
  s3: { type: 'string' },
  bucket: { type: 'string' },
  'ready-file': { type: 'string' },
  help: { type: 'boolean' },
} as const;

type OptionName = keyof typeof OPTIONS;

export const HELP: string = `StreamHouse on one machine: PostgreSQL, an object store, the operator and agents, with no other service.

  npm start -- [options]

  --home DIR           where everything is kept      (STREAMHOUSE_HOME, else ./.streamhouse)
  --agents N           agents of the pool default, 1 to ${AGENTS_MAX}; as "streamhouse scale" does it, so it
                       stays until it is changed      (3 at first: so that one can be lost)
  --agent-port PORT    gRPC of the first agent; the others take the next ones    (9090)
  --metrics-port PORT  /health, /ready and /metrics of the first agent           (8080)
  --api-port PORT      the REST API (see /swagger-ui), and the Topics and AgentPools that
                       streamhouse apply, get, delete and scale speak to; to programs of this
                       machine only, without keys                             (3001)
  --auto-port          take the next free port where one is taken
  --manifests DIR      apply its Topics and AgentPools: each once, and again at the start after it
                       was edited; an empty folder for none        (manifests/samples)
  --postgres URL       use this PostgreSQL instead of the embedded one
  --s3 URL             use this S3 service instead of files in the home; credentials as
  --bucket NAME        AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, region as AWS_REGION
  --ready-file FILE    write addresses and process ids there, as JSON, once all is ready
  --help

Other variables of the agents, such as LOG_LEVEL or HEARTBEAT_INTERVAL, are passed on to them.
Ctrl-C drains and stops all of it; a second Ctrl-C does not wait.
`;

export function readCommand(source: CommandSource): StandaloneCommand {
  const read = new Words(source.words);
  if (read.isSet('help')) return { kind: 'help' };
  const within = (path: string): string => resolve(source.workingDirectory, path);
  const readyFile = read.text('ready-file');
  const manifests = read.text('manifests');
  const ports = readPorts(read);
  const settings: StandaloneSettings = {
    home: within(read.text('home') ?? (source.env['STREAMHOUSE_HOME'] || '.streamhouse')),
    agentCount: read.isSet('agents')
      ? read.integer('agents', AGENTS_DEFAULT, 1, AGENTS_MAX)
      : undefined,
    ...ports,
    isAutoPort: read.isSet('auto-port'),
    postgresUrl: readPostgres(read),
    objects: readObjects(read),
    readyFile: readyFile === undefined ? undefined : within(readyFile),
    agentEnv: definedOnly(source.env),
    resources: {
      apiPort: read.integer('api-port', 3001, 0, PORT_MAX),
      manifests: manifests === undefined ? SAMPLES : within(manifests),
    },
  };
  checkPorts(read, settings);
  return read.faults.length > 0
    ? { kind: 'faulty', faults: read.faults }
    : { kind: 'start', settings };
}

/** Where the directory store keeps its objects. */
export function objectsFolder(home: string): string {
  return join(home, 'objects');
}

function readPorts(read: Words): Pick<StandaloneSettings, 'agentPort' | 'metricsPort'> {
  return {
    agentPort: read.integer('agent-port', 9090, 0, PORT_MAX),
    metricsPort: read.integer('metrics-port', 8080, 0, PORT_MAX),
  };
}

function checkPorts(read: Words, settings: StandaloneSettings): void {
  const { agentPort, metricsPort, agentCount = AGENTS_DEFAULT } = settings;
  for (const [name, port] of [
    ['agent-port', agentPort],
    ['metrics-port', metricsPort],
  ] as const) {
    if (port + agentCount - 1 > PORT_MAX)
      read.fault(name, `leaves no ports for ${agentCount} agents below ${PORT_MAX + 1}`);
  }
  const isNear =
    agentPort !== 0 && metricsPort !== 0 && Math.abs(agentPort - metricsPort) < agentCount;
  if (isNear)
    read.fault(
      'metrics-port',
      `must be at least ${agentCount} away from --agent-port, one port for each agent`,
    );
}

function readPostgres(read: Words): Secret | undefined {
  const text = read.text('postgres');
  if (text === undefined) return undefined;
  // The value is not shown: it may hold a password.
  if (!hasProtocol(text, ['postgres:', 'postgresql:']))
    read.fault('postgres', 'must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE');
  return new Secret(text);
}

function readObjects(read: Words): StandaloneObjects {
  const [url, bucket] = [read.text('s3'), read.text('bucket')];
  if (url === undefined && bucket === undefined) return { kind: 'directory' };
  if (url === undefined) read.fault('bucket', 'needs --s3 URL');
  else if (!hasProtocol(url, ['http:', 'https:']))
    read.fault('s3', `must be an http or https URL, got "${url}"`);
  if (bucket === undefined) read.fault('s3', 'needs --bucket NAME');
  return { kind: 's3', url: url ?? '', bucket: bucket ?? '' };
}

function hasProtocol(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol);
}

function definedOnly(env: CommandSource['env']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** The words as options, and what is wrong with them. A faulty one yields its default. */
class Words {
  readonly faults: string[] = [];
  readonly #values = new Map<OptionName, string | true>();

  constructor(words: readonly string[]) {
    const { tokens } = parseArgs({
      args: [...words],
      options: OPTIONS,
      strict: false,
      allowPositionals: true,
      tokens: true,
    });
    for (const token of tokens) {
      if (token.kind === 'positional')
        this.faults.push(`"${token.value}" is not understood; see --help`);
      if (token.kind === 'option') this.#take(token.name, token.rawName, token.value);
    }
  }

  fault(name: OptionName, message: string): void {
    this.faults.push(`--${name} ${message}`);
  }

  isSet(name: OptionName): boolean {
    return this.#values.has(name);
  }

  text(name: OptionName): string | undefined {
    const value = this.#values.get(name);
    return value === true ? undefined : value;
  }

  integer(name: OptionName, fallback: number, min: number, max: number): number {
    const text = this.text(name) ?? String(fallback);
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.fault(name, `must be a whole number from ${min} to ${max}, got "${text}"`);
    return fallback;
  }

  #take(name: string, rawName: string, value: string | undefined): void {
    if (!isOptionName(name)) {
      this.faults.push(`${rawName} is not an option; see --help`);
    } else if (OPTIONS[name].type === 'boolean') {
      if (value === undefined) this.#values.set(name, true);
      else this.fault(name, 'takes no value');
    } else if (value === undefined || value === '') {
      this.fault(name, 'needs a value');
    } else {
      this.#values.set(name, value);
    }
  }
}

function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}
