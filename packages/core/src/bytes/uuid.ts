import { StreamError } from '../errors.ts';
import type { TopicId } from '../ids.ts';
import { topicId } from '../ids.ts';

export const UUID_BYTES = 16;

const HEX_OF_BYTE: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

/** The 16 bytes of a topic id, in the order of its text, so that byte order and text order agree. */
export function topicIdToBytes(id: TopicId): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(UUID_BYTES);
  writeTopicId(bytes, 0, id);
  return bytes;
}

/** Writes the 16 bytes of a topic id in place. */
export function writeTopicId(bytes: Uint8Array, position: number, id: TopicId): void {
  let at = position;
  for (let char = 0; char < id.length; char++) {
    const code = id.charCodeAt(char);
    if (code === 0x2d) continue;
    bytes[at++] = (nibble(code) << 4) | nibble(id.charCodeAt(++char));
  }
}

/** @throws StreamError `invalid` TOPIC_ID when there are not 16 bytes at `position`. */
export function topicIdFromBytes(bytes: Uint8Array, position = 0): TopicId {
  if (position + UUID_BYTES > bytes.length) {
    throw new StreamError(
      'invalid',
      'TOPIC_ID',
      `a topic id has 16 bytes, got ${bytes.length - position}`,
    );
  }
  let text = '';
  for (let index = 0; index < UUID_BYTES; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) text += '-';
    text += HEX_OF_BYTE[bytes[position + index] as number];
  }
  return topicId(text);
}

function nibble(code: number): number {
  return code < 0x3a ? code - 0x30 : code - 0x57;
}
