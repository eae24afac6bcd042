/** What a search looks for in a record: a text, and an expression in CEL. Pure; it runs in the thread of the search. */
import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js';
import { LIMITS } from '@streamhouse/core/limits.ts';

/** At least one of the two. */
export interface SearchCriteria {
  readonly text: string | undefined;
  readonly filter: string | undefined;
}

/** What a record has, without its topic. */
export interface SearchRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly { readonly name: string; readonly value: Uint8Array | null }[];
}

export type Match = 'found' | 'passed' | { readonly failure: string };

/** An expression that is not one, says something of what is not there, or is neither true nor false. */
export class FilterFault extends Error {}

const UTF_8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Variables and their types. JSON is whatever it is; its numbers are doubles, as in every CEL. */
const LANGUAGE = new Environment({
  limits: { maxAstNodes: LIMITS.apiSearchNodesMax, maxDepth: LIMITS.apiSearchDepthMax },
})
  .registerVariable('key', 'dyn')
  .registerVariable('value', 'dyn')
  .registerVariable('json', 'dyn')
  .registerVariable('headers', 'map<string, dyn>')
  .registerVariable('partition', 'int')
  .registerVariable('offset', 'int')
  .registerVariable('timestamp', 'google.protobuf.Timestamp');

/** @throws FilterFault. */
export function recordMatcher({ text, filter }: SearchCriteria): (record: SearchRecord) => Match {
  const wanted = text?.toLowerCase();
  const decide = filter === undefined ? undefined : compiled(filter);
  return (record) => {
    const texts = textsOf(record);
    if (wanted !== undefined && !hasText(texts, wanted)) return 'passed';
    return decide === undefined ? 'found' : decide(record, texts);
  };
}

interface RecordTexts {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [name: string, value: string | null])[];
}

function textsOf({ key, value, headers }: SearchRecord): RecordTexts {
  return {
    key: textOf(key),
    value: textOf(value),
    headers: headers.map((header) => [header.name, textOf(header.value)]),
  };
}

/** Bytes that are not UTF-8 do not hide the text beside them. */
function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : UTF_8.decode(bytes);
}

function hasText({ key, value, headers }: RecordTexts, wanted: string): boolean {
  return [key, value, ...headers.flat()].some(
    (text) => text?.toLowerCase().includes(wanted) === true,
  );
}

function compiled(filter: string): (record: SearchRecord, texts: RecordTexts) => Match {
  const { valid, type, error } = LANGUAGE.check(filter);
  if (!valid) throw new FilterFault(faultText(error));
  if (type !== 'bool' && type !== 'dyn')
    throw new FilterFault(`has to be true or false, but is of the type ${type}`);
  const evaluate = LANGUAGE.parse(filter);
  if (leavesHeap(evaluate.ast)) throw new FilterFault('takes neither bytes nor time zones');
  // To parse a value costs more than most expressions.
  const isJson = /\bjson\b/.test(filter);
  return ({ partition, offset, timestampMs }, { key, value, headers }) =>
    outcome(evaluate, {
      ...{ key, value, json: isJson ? jsonOf(value) : null, headers: new Map(headers) },
      ...{ partition: BigInt(partition), offset: BigInt(offset) },
      timestamp: new Date(timestampMs),
    });
}

/** The heap is what bounds the memory of an expression. Bytes, and the calendars of time zones, lie outside of it. */
function leavesHeap({ op, args }: ASTNode): boolean {
  if (args instanceof Uint8Array || (op === 'call' && args[0] === 'bytes')) return true;
  if (op === 'rcall' && args[0].startsWith('get') && args[2].length > 0) return true;
  return [args].flat(3).some((part) => isNode(part) && leavesHeap(part));
}

function isNode(part: unknown): part is ASTNode {
  return typeof part === 'object' && part !== null && 'op' in part;
}

function jsonOf(value: string | null): unknown {
  try {
    return value === null ? null : JSON.parse(value);
  } catch {
    return null;
  }
}

function outcome(evaluate: ParseResult, variables: Readonly<Record<string, unknown>>): Match {
  try {
    const result: unknown = evaluate(variables);
    if (typeof result !== 'boolean') return { failure: 'it is neither true nor false' };
    return result ? 'found' : 'passed';
  } catch (error) {
    return { failure: faultText(error) };
  }
}

/** With the place in the expression, from 1, where the library tells it. */
function faultText(error: unknown): string {
  const { summary, message, range } = error as {
    readonly summary?: string;
    readonly message: string;
    readonly range?: { readonly start: number };
  };
  const what = (summary ?? message).slice(0, FAULT_CHARS_MAX);
  return range === undefined ? what : `${what} (at character ${range.start + 1})`;
}

const FAULT_CHARS_MAX = 200;
