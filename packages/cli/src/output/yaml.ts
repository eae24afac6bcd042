/** Block YAML of plain values: objects, arrays, strings, numbers, booleans, null. */
export type PlainValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly PlainValue[]
  | { readonly [name: string]: PlainValue };

/** Texts that any YAML 1.1 or 1.2 reader takes for a string when they stand without quotes. */
const PLAIN = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
/** Words that one of the two versions takes for null or a boolean. */
const RESERVED = /^(null|true|false|yes|no|on|off|y|n)$/i;

/** The value as a YAML document, ending with a line feed. Undefined is null, as in our JSON. */
export function renderYaml(value: PlainValue): string {
  return `${block(value, '').join('\n')}\n`;
}

function block(value: PlainValue, indent: string): string[] {
  if (isList(value) && value.length > 0) return value.flatMap((item) => listItem(item, indent));
  if (isObject(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([name, child]) => objectEntry(name, child, indent));
  }
  return [indent + scalar(value)];
}

function listItem(item: PlainValue, indent: string): string[] {
  const lines = block(item, `${indent}  `);
  // The first line of a nested block begins beside the dash.
  return [`${indent}- ${(lines[0] ?? '').trimStart()}`, ...lines.slice(1)];
}

function objectEntry(name: string, child: PlainValue, indent: string): string[] {
  const key = indent + quoted(name);
  if (isNested(child)) return [`${key}:`, ...block(child, `${indent}  `)];
  return [`${key}: ${scalar(child)}`];
}

function scalar(value: PlainValue): string {
  if (isList(value)) return '[]';
  if (isObject(value)) return '{}';
  if (typeof value === 'string') return quoted(value);
  return JSON.stringify(value ?? null);
}

/** A JSON string is a YAML double-quoted string once the characters that YAML does not print are escaped too. */
function quoted(text: string): string {
  if (PLAIN.test(text) && !RESERVED.test(text)) return text;
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function isNested(value: PlainValue): boolean {
  return (isList(value) && value.length > 0) || (isObject(value) && Object.keys(value).length > 0);
}

function isList(value: PlainValue): value is readonly PlainValue[] {
  return Array.isArray(value);
}

function isObject(value: PlainValue): value is { readonly [name: string]: PlainValue } {
  return typeof value === 'object' && value !== null && !isList(value);
}
