/**
 * Whatever a record, a name or a server says is data, and a terminal obeys some data: control characters of both ranges
 * (C0 with ESC, C1 with the one-byte CSI), DEL, and the marks that reorder a line.
 */
import { isUtf8 } from 'node:buffer';

// biome-ignore format: one range per line would hide that it is one class
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const OBEYED_BUT_LINE_FEED =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** The text with each such character as `\u001b`, which JSON and double-quoted YAML read as the same character. */
export function escapeControls(text: string): string {
  return text.replace(OBEYED, escapeOne);
}

/** As `escapeControls`, for a text of several lines. */
export function escapeControlsOfLines(text: string): string {
  return text.replace(OBEYED_BUT_LINE_FEED, escapeOne);
}

/** Bytes as a text for a terminal; what is not UTF-8 is shown byte by byte, as `\xff`. */
export function displayText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return escapeControls(buffer.toString('utf8'));
  return buffer
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function escapeOne(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
