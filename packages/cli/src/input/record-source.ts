/** Turns the bytes of an input into records, one at a time, in memory of one record. */
import { isUtf8 } from 'node:buffer';
import type { HeaderInput, RecordInput } from '@streamhouse/client/mod.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { JsonSplitter } from './json-splitter.ts';
import { LineSplitter } from './line-splitter.ts';
import { InputError, type Splitter } from './splitter.ts';

export interface RecordFormat {
  /** What the input is cut into; `lines` are bytes of any kind. */
  readonly shape: 'lines' | 'json' | 'json-lines';
  /** Lines only: what stands between key and value. */
  readonly keySeparator?: string | undefined;
  /** JSON only: the field that is the key. */
  readonly keyField?: string | undefined;
  /** JSON only: the field whose names and values are headers. */
  readonly headersField?: string | undefined;
  /** Headers of every record, before those of its own. */
  readonly headers: readonly HeaderInput[];
  readonly partition?: number | undefined;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The records of one input. Feed it chunk by chunk, then call `end`. */
export class RecordSource {
  readonly #format: RecordFormat;
  readonly #splitter: Splitter;
  readonly #separator: Buffer | undefined;

  constructor(format: RecordFormat) {
    this.#format = format;
    // A record's frame counts too, but the server says so better than a guess here.
    this.#splitter =
      format.shape === 'lines'
        ? new LineSplitter(LIMITS.recordBytesMax)
        : new JsonSplitter(LIMITS.recordBytesMax, format.shape === 'json-lines');
    this.#separator =
      format.keySeparator === undefined ? undefined : Buffer.from(format.keySeparator);
  }

  /** Records before a fault are yielded before it is thrown. @throws InputError naming the place. */
  *push(chunk: Uint8Array): Generator<RecordInput> {
    for (const part of this.#splitter.push(chunk)) yield this.#record(part);
  }

  *end(): Generator<RecordInput> {
    for (const part of this.#splitter.end()) yield this.#record(part);
  }

  /** Where the record yielded last stands, for people. */
  place(): string {
    return this.#splitter.place();
  }

  #record(part: Uint8Array): RecordInput {
    const { partition } = this.#format;
    const record = this.#format.shape === 'lines' ? this.#fromLine(part) : this.#fromJson(part);
    return partition === undefined ? record : { ...record, partition };
  }

  #fromLine(line: Uint8Array): RecordInput {
    const { headers } = this.#format;
    const separator = this.#separator;
    if (separator === undefined) return { value: line, headers };
    const at = Buffer.from(line.buffer, line.byteOffset, line.byteLength).indexOf(separator);
    // Taking it for a record without a key would put it into a partition where nobody looks for it.
    if (at === -1)
      throw this.#fault(`has no key separator ${JSON.stringify(separator.toString())}`);
    return { key: line.subarray(0, at), value: line.subarray(at + separator.length), headers };
  }

  #fromJson(text: Uint8Array): RecordInput {
    const { keyField, headersField, headers } = this.#format;
    const json = this.#parse(text);
    const record = { value: text, headers };
    if (keyField === undefined && headersField === undefined) return record;
    if (!isJsonObject(json)) throw this.#fault('is not a JSON object, so it has no fields');
    return {
      value: text,
      key: keyField === undefined ? null : this.#key(json, keyField),
      headers:
        headersField === undefined ? headers : [...headers, ...this.#headers(json, headersField)],
    };
  }

  #parse(text: Uint8Array): unknown {
    if (!isUtf8(text)) throw this.#fault('is not UTF-8, so it is no JSON');
    try {
      return JSON.parse(Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString());
    } catch (error) {
      throw this.#fault(`is no JSON: ${(error as SyntaxError).message}`);
    }
  }

  /** Texts are keys as they are, null is no key, all else is its JSON text. */
  #key(json: JsonObject, field: string): string | null {
    if (!Object.hasOwn(json, field)) throw this.#fault(`has no field ${JSON.stringify(field)}`);
    const key = json[field];
    if (key === null || typeof key === 'string') return key;
    if (typeof key === 'number' && Number.isInteger(key) && !Number.isSafeInteger(key)) {
      throw this.#fault(
        `has a number beyond 2^53 as its key ${JSON.stringify(field)}: make it text`,
      );
    }
    return JSON.stringify(key);
  }

  #headers(json: JsonObject, field: string): HeaderInput[] {
    const headers = Object.hasOwn(json, field) ? json[field] : null;
    if (headers === null) return [];
    if (!isJsonObject(headers)) {
      throw this.#fault(`has no JSON object in its field ${JSON.stringify(field)}`);
    }
    return Object.entries(headers).map(([name, value]) => ({
      name,
      value: value === null || typeof value === 'string' ? value : JSON.stringify(value),
    }));
  }

  #fault(what: string): InputError {
    return new InputError(`${this.place()} ${what}`);
  }
}

function isJsonObject(json: unknown): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
