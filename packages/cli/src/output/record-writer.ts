/** How consumed records are printed, one shape per option. */
import { isUtf8 } from 'node:buffer';
import type { ConsumerRecord } from '@streamhouse/client/mod.ts';
import { displayText, escapeControls } from './escape.ts';
import { formatTime, type OutputFormat } from './format.ts';
import { type PlainValue, renderYaml } from './yaml.ts';

export interface RecordShape {
  /** Undefined: the value alone. */
  readonly output: OutputFormat | undefined;
  /** Values are JSON: one line each, or embedded in what `output` prints. */
  readonly isJson: boolean;
  /** Values alone only: the key and this before each value. */
  readonly keySeparator: string | undefined;
  readonly isTerminal: boolean;
}

const LINE_FEED = Buffer.from('\n');
const EMPTY = Buffer.alloc(0);

export const TABLE_TITLE: string = tableLine(['PARTITION', 'OFFSET', 'TIMESTAMP', 'KEY'], 'VALUE');

/** What is printed for one record: bytes that belong together, in order, the line feed included. */
export function renderRecord(record: ConsumerRecord, shape: RecordShape): Uint8Array[] {
  switch (shape.output) {
    case 'table':
      return [Buffer.from(tableRow(record))];
    case 'json':
      return [forJson(envelopeJson(record, shape.isJson), shape), LINE_FEED];
    case 'yaml':
      return [forJson(renderYaml([envelope(record, shape.isJson)]), shape)];
    case undefined:
      return shape.isJson
        ? [forJson(jsonOf(record.value), shape), LINE_FEED]
        : [...keyPart(record, shape), raw(record.value ?? EMPTY, shape), LINE_FEED];
  }
}

/**
 * Bytes as one line of JSON: JSON text stays as it is, other text is a JSON string, other bytes are `{"base64":"…"}`, and a
 * tombstone is `null`.
 */
export function jsonOf(bytes: Uint8Array | null): string {
  if (bytes === null) return 'null';
  const text = textOf(bytes);
  if (text === undefined || !isJsonText(text)) return JSON.stringify(textOrBase64(bytes));
  // A line break is never inside a JSON string, so a space says the same.
  return text.replace(/[\r\n]/g, ' ');
}

function envelopeJson(record: ConsumerRecord, isJson: boolean): string {
  if (!isJson) return JSON.stringify(envelope(record, false));
  // The text of the value is kept: parsing it would round numbers beyond 2^53.
  const { value: _, headers, ...rest } = envelope(record, false);
  const head = JSON.stringify(rest).slice(0, -1);
  return `${head},"value":${jsonOf(record.value)},"headers":${JSON.stringify(headers)}}`;
}

function envelope(record: ConsumerRecord, isJson: boolean): Record<string, PlainValue> {
  return {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    timestamp: formatTime(record.timestampMs),
    key: textOrBase64(record.key),
    value: isJson ? (JSON.parse(jsonOf(record.value)) as PlainValue) : textOrBase64(record.value),
    headers: record.headers.map(({ name, value }) => ({ name, value: textOrBase64(value) })),
  };
}

function tableRow(record: ConsumerRecord): string {
  const cells = [
    String(record.partition),
    String(record.offset),
    formatTime(record.timestampMs),
    record.key === null ? '-' : displayText(record.key),
  ];
  return tableLine(cells, record.value === null ? '-' : displayText(record.value));
}

/** Columns of one width, because the rows to come are not known; the last one is free. */
function tableLine(cells: readonly string[], last: string): string {
  const [partition = '', offset = '', time = '', key = ''] = cells;
  const head = `${partition.padStart(9)}  ${offset.padStart(12)}  ${time.padEnd(24)}  ${key.padEnd(16)}`;
  return `${head}  ${last}\n`;
}

function keyPart(record: ConsumerRecord, shape: RecordShape): Uint8Array[] {
  if (shape.keySeparator === undefined || record.key === null) return [];
  return [raw(record.key, shape), Buffer.from(shape.keySeparator)];
}

/** As they are for a program, harmless for a terminal. */
function raw(bytes: Uint8Array, shape: RecordShape): Uint8Array {
  return shape.isTerminal ? Buffer.from(displayText(bytes)) : bytes;
}

function forJson(text: string, shape: RecordShape): Uint8Array {
  if (!shape.isTerminal) return Buffer.from(text);
  const lines = text.split('\n').map((line) => escapeControls(line.replace(/\t/g, ' ')));
  return Buffer.from(lines.join('\n'));
}

function textOrBase64(bytes: Uint8Array | null): string | null | { readonly base64: string } {
  if (bytes === null) return null;
  return textOf(bytes) ?? { base64: bufferOf(bytes).toString('base64') };
}

function textOf(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? bufferOf(bytes).toString('utf8') : undefined;
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
