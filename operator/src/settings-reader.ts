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

const TIME_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  '': 1000,
};
/** What Kubernetes takes as a name: a DNS subdomain. */
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const BASE_PATH = /^(\/[A-Za-z0-9._~-]+)+$/;
const PREFIX = /^(?!\/)(?!.*(\/\/|\.\.))[A-Za-z0-9._/-]{0,200}$/;

/** Reads variables and collects what is wrong with them. A faulty one yields its default, or an empty text. */
export class SettingsReader {
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
      const reason = error instanceof Error ? error.message : String(error);
      this.fault(`${name}_FILE`, `names a file that cannot be read: ${reason}`);
      return fallback;
    }
  }

  required(name: string, meaning: string): string {
    const text = this.text(name, '');
    if (text === '') this.fault(name, `is required: ${meaning}`);
    return text;
  }

  /** Without `fallback` it is required. */
  name(name: string, fallback = ''): string {
    const text = this.text(name, fallback);
    if (text === '') this.fault(name, 'is required: a name of Kubernetes');
    else if (!NAME.test(text)) this.fault(name, `must be a name of Kubernetes, got "${text}"`);
    return text;
  }

  names(name: string): readonly string[] {
    const items = this.text(name, '').split(',');
    const names = items.map((item) => item.trim()).filter((item) => item !== '');
    for (const item of names)
      if (!NAME.test(item))
        this.fault(name, `must be names of Kubernetes with commas between, got "${item}"`);
    return [...new Set(names)];
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

  prefix(name: string): string {
    const text = this.text(name, '');
    if (!PREFIX.test(text))
      this.fault(
        name,
        `must be a relative path of letters, digits, ".", "_", "-" and "/", got "${text}"`,
      );
    return text === '' || text.endsWith('/') ? text : `${text}/`;
  }

  /** Where something is mounted: `/`, or steps of a path without the last slash. */
  basePath(name: string): string {
    const text = this.text(name, '/');
    if (text !== '/' && !BASE_PATH.test(text))
      this.fault(
        name,
        `must be a path such as /streamhouse, without a slash at its end, got "${text}"`,
      );
    return text;
  }

  origins(name: string): readonly string[] {
    const items = this.text(name, '').split(',');
    const origins = items.map((item) => item.trim()).filter((item) => item !== '');
    for (const item of origins)
      if (!URL.canParse(item) || new URL(item).origin !== item)
        this.fault(
          name,
          `must be origins such as https://host:8443 with commas between, got "${item}"`,
        );
    return origins;
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    const text = this.text(name, String(fallback));
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.fault(name, `must be an integer in ${min}..${max}, got "${text}"`);
    return fallback;
  }

  /** Milliseconds. */
  duration(name: string, fallback: string, minMs: number, maxMs: number): number {
    const text = this.text(name, fallback);
    const match = /^(?<count>\d{1,12}(\.\d{1,3})?)(?<unit>ms|s|m|h|)$/.exec(text);
    const unit = TIME_UNITS[match?.groups?.['unit'] ?? 'none'] ?? Number.NaN;
    const ms = Number(match?.groups?.['count']) * unit;
    if (ms >= minMs && ms <= maxMs) return ms;
    this.fault(
      name,
      `must be a duration such as 30s, 5m or 1h, in ${minMs}..${maxMs} ms, got "${text}"`,
    );
    return minMs;
  }

  oneOf<T extends string>(name: string, fallback: T, values: readonly T[]): T {
    const text = this.text(name, fallback);
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) this.fault(name, `must be one of ${values.join(', ')}, got "${text}"`);
    return value ?? fallback;
  }
}
