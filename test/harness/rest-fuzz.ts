/** Requests that are nearly right, made from the OpenAPI document: valid ones, and ones with something wrong in them. */
import type { Random } from '@streamhouse/core/async/clock.ts';
import type { JsonSchema, OperationInDocument, RestContract } from './rest-contract.ts';

export interface FuzzedRequest {
  readonly method: string;
  /** With the query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

const HOSTILE_TEXTS = [
  ...['', ' ', '-1', '1e3', 'NaN', 'Infinity', '0x10', '01', '9007199254740993', '1'.repeat(30)],
  ...['null', 'true', '[]', '{}', '__proto__', 'constructor', '../../etc/passwd', 'a/b', '%2e%2e'],
  ...[
    "' OR 1=1 --",
    '"; DROP TABLE topics; --',
    '$1',
    '\\',
    '\u0000',
    '\r\nX: y',
    '<script>',
    '👾',
  ],
  ...['\u202e', '\ud800', 'x'.repeat(300), 'é'.repeat(5_000)],
];
const HOSTILE_VALUES = [
  ...[null, true, false, 0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, [], {}, [[]], [null]],
  ...[{ a: 1 }, 'text', '', ...HOSTILE_TEXTS],
];
const HOSTILE_BODIES: readonly (string | Uint8Array)[] = [
  ...[
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '1',
    '{"a":1,"a":2}',
    '{"__proto__":{"x":1}}',
    '{"constructor":1}',
  ],
  ...[
    `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
    `{"a":${'{"b":'.repeat(200)}1${'}'.repeat(201)}`,
  ],
  ...[Uint8Array.of(0xff, 0xfe, 0x00), Uint8Array.of(0x7b, 0xc3, 0x28, 0x7d), '\ufeff{}'],
];
const CONTENT_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'application/json; charset=latin1',
  '',
];

export class RestFuzz {
  readonly #contract: RestContract;
  readonly #random: Random;
  /** Names of things that are there. */
  readonly #names: readonly string[];

  constructor(contract: RestContract, random: Random, names: readonly string[]) {
    this.#contract = contract;
    this.#random = random;
    this.#names = names;
  }

  request({ method, path, parameters, body }: OperationInDocument): FuzzedRequest {
    const filled = path.replaceAll(/\{(\w+)\}/g, () => encodeLoosely(this.#text()));
    const query = parameters
      .filter((parameter) => parameter.in === 'query' && this.#random() < 0.6)
      .map(({ name, schema }) => [name, this.#queryText(schema)] as const);
    if (this.#random() < 0.1)
      query.push([this.#pick(['unknown', 'a[]', 'limit', '__proto__']), '1']);
    const parts = query.map(
      ([name, value]) => `${encodeURIComponent(name)}=${encodeLoosely(value)}`,
    );
    const url = parts.length === 0 ? filled : `${filled}?${parts.join('&')}`;
    const headers: Record<string, string> = {};
    if (this.#random() < 0.1) headers['if-match'] = this.#pick(['*', '"x"', 'garbage', '']);
    if (this.#random() < 0.1) headers['if-none-match'] = this.#pick(['*', '"x"', 'garbage']);
    if (this.#random() < 0.1)
      headers['idempotency-key'] = this.#pick(['k', 'two words', 'x'.repeat(300)]);
    if (method === 'GET') return { method, url, headers, body: undefined };
    const isTyped = this.#random() < 0.95;
    headers['content-type'] = isTyped ? 'application/json' : this.#pick(CONTENT_TYPES);
    return { method, url, headers, body: this.#body(body) };
  }

  #body(schema: JsonSchema | undefined): FuzzedRequest['body'] {
    if (schema === undefined) return this.#random() < 0.9 ? undefined : '{}';
    if (this.#random() < 0.15) return this.#pick(HOSTILE_BODIES);
    return JSON.stringify(this.#value(schema));
  }

  #value(reference: JsonSchema): unknown {
    if (this.#random() < 0.08) return this.#pick(HOSTILE_VALUES);
    const schema = this.#contract.schema(reference);
    if (schema.enum !== undefined) return this.#pick(schema.enum);
    if (schema.anyOf !== undefined) return this.#value(this.#pick(schema.anyOf));
    if (schema.type === 'object') return this.#object(schema);
    if (schema.type === 'array') {
      const length = Math.floor(this.#random() * 4);
      return Array.from({ length }, () => this.#value(schema.items ?? {}));
    }
    if (schema.type === 'integer' || schema.type === 'number')
      return (schema.minimum ?? 0) + Math.floor(this.#random() * 4);
    if (schema.type === 'boolean') return this.#random() < 0.5;
    return schema.type === 'null' ? null : this.#text();
  }

  #object({ properties = {}, required = [] }: JsonSchema): Record<string, unknown> {
    const entries = Object.entries(properties).flatMap(([name, schema]) => {
      const isThere = this.#random() < (required.includes(name) ? 0.97 : 0.3);
      return isThere ? [[name, this.#value(schema)] as const] : [];
    });
    if (this.#random() < 0.03) entries.push(['unknown', 1]);
    return Object.fromEntries(entries);
  }

  #queryText(schema: JsonSchema): string {
    if (this.#random() < 0.25) return this.#pick(HOSTILE_TEXTS);
    return String(this.#value(schema));
  }

  #text(): string {
    return this.#random() < 0.75 ? this.#pick(this.#names) : this.#pick(HOSTILE_TEXTS);
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)] as T;
  }
}

/** A lone surrogate has no UTF-8: it goes as what no server can decode. */
function encodeLoosely(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%80';
}
