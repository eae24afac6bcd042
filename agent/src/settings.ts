/** Environment -> settings. Pure: every fault is found before any is reported, and nothing but text is read. */
import type { FlushSettings } from '@streamhouse/core/log/flush-pipeline.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { Secret } from '@streamhouse/core/secret.ts';
import { checkTopicName } from '@streamhouse/core/topic-name.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type ObjectStoreSettings =
  | { readonly kind: 'directory'; readonly root: string }
  | {
      readonly kind: 's3';
      /** undefined: AWS itself. */
      readonly endpoint: string | undefined;
      readonly region: string;
      readonly bucket: string;
      /** undefined: the AWS SDK's own chain, for example workload identity. */
      readonly credentials:
        | { readonly accessKeyId: string; readonly secretAccessKey: Secret }
        | undefined;
    };

export interface AgentSettings {
  readonly metadataUrl: Secret;
  readonly objects: ObjectStoreSettings;
  /** Prepended to every object key; empty or ends in `/`. */
  readonly prefix: string;
  readonly agentId: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** `host:port` that clients dial. */
  readonly advertisedAddress: string;
  readonly zone: string;
  readonly pool: string;
  readonly heartbeatIntervalMs: number;
  readonly sessionTimeoutMs: number;
  /** Names of the topics to hold partitions of; empty: all of the pool. */
  readonly managedTopics: readonly string[];
  readonly metricsPort: number;
  readonly logLevel: LogLevel;
  readonly flush: FlushSettings;
  /** Bytes of recently written objects kept for tail reads. */
  readonly cacheBytes: number;
  readonly drainTimeoutMs: number;
  /** Drain when standard input ends: the parent that started the process is gone. */
  readonly isTiedToParent: boolean;
}

/** All that is wrong with an environment, one line each, with the variable's name. */
export class SettingsError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`the settings are not usable:\n  ${faults.join('\n  ')}`);
    this.name = 'SettingsError';
    this.faults = faults;
  }
}

export interface SettingsSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostName: string;
  /** Text of a file, for `…_FILE` variables. */
  readonly readFile: (path: string) => string;
}

const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
};
const TIME_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, '': 1000 };
const NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,250}[A-Za-z0-9])?$/;

/** @throws SettingsError with every fault. */
export function readAgentSettings(source: SettingsSource): AgentSettings {
  const read = new Reader(source);
  const listen = read.hostPort('AGENT_ADDRESS', '0.0.0.0:9090');
  const agentId = read.name('AGENT_ID', source.hostName);
  const heartbeatIntervalMs = read.duration('HEARTBEAT_INTERVAL', '1s', 100, 10_000);
  const objects = readObjects(read);
  const putsPerSecond = objects.kind === 'directory' ? Number.POSITIVE_INFINITY : 10;
  const settings: AgentSettings = {
    metadataUrl: new Secret(read.postgresUrl('METADATA_STORE')),
    objects,
    prefix: read.prefix('STREAMHOUSE_PREFIX'),
    agentId,
    listen,
    advertisedAddress: read.address(
      'AGENT_ADVERTISED_ADDRESS',
      `${source.hostName}:${listen.port}`,
    ),
    zone: read.name('AGENT_ZONE', 'default'),
    pool: read.name('AGENT_GROUP', 'default'),
    heartbeatIntervalMs,
    sessionTimeoutMs: read.duration('SESSION_TIMEOUT', `${heartbeatIntervalMs * 3}ms`, 300, 60_000),
    managedTopics: read.topics('MANAGED_TOPICS'),
    metricsPort: read.integer('METRICS_PORT', 8080, 0, 65_535),
    logLevel: read.oneOf('LOG_LEVEL', 'info', LOG_LEVELS),
    flush: {
      bytesMax: read.bytes('FLUSH_MAX_BYTES', '8Mi', 65_536, LIMITS.objectBytesMax / 2),
      uploadsInFlightMax: LIMITS.flushUploadsInFlightMax,
      putsPerSecondMax: read.rate('FLUSH_MAX_PUTS_PER_SECOND', putsPerSecond),
      putsBurst: 20,
      intervalMs: 100,
    },
    cacheBytes: read.bytes('STREAMHOUSE_CACHE', '32Mi', 0, 64 * 1024 ** 3),
    drainTimeoutMs: read.duration('DRAIN_TIMEOUT', '60s', 1000, 3_600_000),
    isTiedToParent: read.flag('EXIT_ON_STDIN_CLOSE'),
  };
  if (settings.sessionTimeoutMs < 2 * heartbeatIntervalMs) {
    read.fault('SESSION_TIMEOUT', 'must be at least twice HEARTBEAT_INTERVAL');
  }
  read.throwFaults();
  return settings;
}

function readObjects(read: Reader): ObjectStoreSettings {
  const root = read.text('STREAMHOUSE_OBJECTS_DIR', '');
  if (root !== '') return { kind: 'directory', root };
  const accessKeyId = read.text('AWS_ACCESS_KEY_ID', '');
  const secretAccessKey = read.text('AWS_SECRET_ACCESS_KEY', '');
  if ((accessKeyId === '') !== (secretAccessKey === '')) {
    read.fault('AWS_SECRET_ACCESS_KEY', 'and AWS_ACCESS_KEY_ID must be set together, or neither');
  }
  const endpoint = read.url('AWS_ENDPOINT_URL', ['http:', 'https:']);
  return {
    kind: 's3',
    endpoint: endpoint === '' ? undefined : endpoint,
    region: read.text('AWS_REGION', 'us-east-1'),
    bucket: read.text('STREAMHOUSE_BUCKET', 'streamhouse-data'),
    credentials:
      accessKeyId === ''
        ? undefined
        : { accessKeyId, secretAccessKey: new Secret(secretAccessKey) },
  };
}

/** Reads variables and collects what is wrong with them. A faulty one yields its default, or an empty text. */
class Reader {
  readonly #source: SettingsSource;
  readonly #faults: string[] = [];

  constructor(source: SettingsSource) {
    this.#source = source;
  }

  fault(name: string, message: string): void {
    this.#faults.push(`${name} ${message}`);
  }

  throwFaults(): void {
    if (this.#faults.length > 0) throw new SettingsError(this.#faults);
  }

  text(name: string, fallback: string): string {
    const path = this.#source.env[`${name}_FILE`];
    if (path === undefined || path === '') return this.#source.env[name] || fallback;
    if (this.#source.env[name]) this.fault(name, `and ${name}_FILE are both set: set one`);
    try {
      return this.#source.readFile(path).trim();
    } catch (error) {
      this.fault(`${name}_FILE`, `names a file that cannot be read: ${reasonOf(error)}`);
      return fallback;
    }
  }

  url(name: string, protocols: readonly string[]): string {
    const text = this.text(name, '');
    if (text === '') return '';
    const protocol = URL.canParse(text) ? new URL(text).protocol : '';
    // The value is not shown: a URL may hold a password.
    if (!protocols.includes(protocol))
      this.fault(name, `must be a URL with ${protocols.join(' or ')}`);
    return text;
  }

  postgresUrl(name: string): string {
    const text = this.url(name, ['postgres:', 'postgresql:']);
    if (text === '') this.fault(name, 'is required: postgresql://USER:PASSWORD@HOST:5432/DATABASE');
    return text;
  }

  name(name: string, fallback: string): string {
    const text = this.text(name, fallback);
    if (!NAME.test(text))
      this.fault(name, `must be 1-252 letters, digits, ".", "_" or "-", got "${text}"`);
    return text;
  }

  prefix(name: string): string {
    const text = this.text(name, '');
    if (text === '') return '';
    if (
      !/^[A-Za-z0-9._/-]{1,200}$/.test(text) ||
      text.startsWith('/') ||
      text.includes('//') ||
      text.includes('..')
    ) {
      this.fault(
        name,
        `must be a relative path of letters, digits, ".", "_", "-" and "/", got "${text}"`,
      );
    }
    return text.endsWith('/') ? text : `${text}/`;
  }

  topics(name: string): readonly string[] {
    const items = this.text(name, '').split(',');
    const topics = items.map((item) => item.trim()).filter((item) => item !== '');
    for (const topic of topics) {
      try {
        checkTopicName(topic);
      } catch (error) {
        this.fault(name, `must be topic names with commas between: ${reasonOf(error)}`);
      }
    }
    return topics;
  }

  address(name: string, fallback: string): string {
    const { host, port } = this.hostPort(name, fallback);
    return `${host}:${port}`;
  }

  hostPort(name: string, fallback: string): { readonly host: string; readonly port: number } {
    const text = this.text(name, fallback);
    const match = /^(?<host>\[[0-9a-fA-F:]+\]|[^:\s]+):(?<port>\d{1,5})$/.exec(text);
    const port = Number(match?.groups?.['port']);
    if (match === null || port > 65_535) {
      this.fault(name, `must be HOST:PORT, got "${text}"`);
      return { host: '0.0.0.0', port: 0 };
    }
    return { host: match.groups?.['host'] ?? '', port };
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    const text = this.text(name, String(fallback));
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.fault(name, `must be an integer in ${min}..${max}, got "${text}"`);
    return fallback;
  }

  rate(name: string, fallback: number): number {
    const text = this.text(name, '');
    if (text === '') return fallback;
    if (text === 'unlimited') return Number.POSITIVE_INFINITY;
    const value = Number(text);
    if (value >= 0.1 && value <= 10_000) return value;
    this.fault(name, `must be a number in 0.1..10000 or "unlimited", got "${text}"`);
    return fallback;
  }

  duration(name: string, fallback: string, minMs: number, maxMs: number): number {
    return this.#quantity(
      name,
      fallback,
      TIME_UNITS,
      [minMs, maxMs],
      'a duration such as 500ms, 3s or 1m',
    );
  }

  bytes(name: string, fallback: string, min: number, max: number): number {
    return this.#quantity(
      name,
      fallback,
      BYTE_UNITS,
      [min, max],
      'a size such as 65536, 512Ki, 8Mi or 10Gi',
    );
  }

  oneOf<T extends string>(name: string, fallback: T, values: readonly T[]): T {
    const text = this.text(name, fallback);
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) this.fault(name, `must be one of ${values.join(', ')}, got "${text}"`);
    return value ?? fallback;
  }

  flag(name: string): boolean {
    return ['1', 'true'].includes(this.oneOf(name, '0', ['0', '1', 'true', 'false']));
  }

  #quantity(
    name: string,
    fallback: string,
    units: Readonly<Record<string, number>>,
    [min, max]: readonly [number, number],
    form: string,
  ): number {
    const text = this.text(name, fallback);
    const match = /^(?<count>\d{1,12}(\.\d{1,3})?)(?<unit>[A-Za-z]{0,2})$/.exec(text);
    const unit = units[match?.groups?.['unit'] ?? 'none'];
    const value = unit === undefined ? Number.NaN : Number(match?.groups?.['count']) * unit;
    if (value >= min && value <= max) return value;
    this.fault(name, `must be ${form}, in ${min}..${max}, got "${text}"`);
    return min;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
