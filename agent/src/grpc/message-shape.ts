import { StreamError } from '@streamhouse/core/errors.ts';
import type { AnyDefinition, MessageTypeDefinition, PackageDefinition } from '@grpc/proto-loader';

/** The fields of a message that are messages themselves, by number. */
export type MessageShape = ReadonlyMap<number, MessageShape>;

interface Descriptor {
  readonly field: readonly {
    readonly number: number;
    readonly type: string;
    readonly typeName: string;
  }[];
  readonly nestedType: readonly (Descriptor & { readonly name: string })[];
}

/** The shape of a request's type. Messages of the contract do not contain themselves. */
export function messageShape(
  definitions: PackageDefinition,
  type: MessageTypeDefinition<object, object>,
): MessageShape {
  return shapeOf(type.type as Descriptor, (name) => {
    const found: AnyDefinition | undefined = definitions[`streamhouse.v1.${name}`];
    if (found === undefined || !('type' in found)) throw new Error(`no message ${name}`);
    return found.type as Descriptor;
  });
}

function shapeOf(descriptor: Descriptor, find: (name: string) => Descriptor): MessageShape {
  const shape = new Map<number, MessageShape>();
  for (const { number, type, typeName } of descriptor.field) {
    if (type !== 'TYPE_MESSAGE') continue;
    const nested = descriptor.nestedType.find(({ name }) => name === typeName);
    shape.set(number, shapeOf(nested ?? find(typeName), find));
  }
  return shape;
}

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const VARINT_BYTES_MAX = 10;

/**
 * Walks the bytes of a request before it is decoded, and allocates nothing.
 *
 *   message  = { tag varint (number << 3 | wire type), value }
 *   value    = varint | 8 bytes | length varint, bytes | 4 bytes (https://protobuf.dev/programming-guides/encoding/)
 *
 * A field is two bytes on the wire and an object or more once it is decoded, so their number bounds the memory of decoding.
 * What is cut is refused here, because the decoder takes the rest of the message for it.
 *
 * @throws StreamError `invalid`: REQUEST_FIELDS, when there are more than `max`, those of nested messages included;
 *   MALFORMED_REQUEST.
 */
export function checkFields(bytes: Uint8Array, shape: MessageShape, max: number): void {
  let position = 0;
  let count = 0;
  const readVarint = (end: number): number => {
    let value = 0;
    const limit = Math.min(end, position + VARINT_BYTES_MAX);
    for (let scale = 1; position < limit; scale *= 128) {
      const byte = bytes[position++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw malformed(`a number at byte ${position} has no end`);
  };
  const skip = (length: number, end: number, field: number): void => {
    if (length > end - position) throw malformed(`field ${field} is longer than its message`);
    position += length;
  };
  const walk = (end: number, fields: MessageShape): void => {
    while (position < end) {
      if (++count > max) throw tooMany(max);
      const tag = readVarint(end);
      const field = Math.floor(tag / 8);
      if (field === 0) throw malformed('there is no field 0');
      switch (tag % 8) {
        case WIRE.varint:
          readVarint(end);
          break;
        case WIRE.fixed64:
          skip(8, end, field);
          break;
        case WIRE.bytes: {
          const length = readVarint(end);
          const start = position;
          skip(length, end, field);
          const nested = fields.get(field);
          if (nested === undefined) break;
          position = start;
          walk(start + length, nested);
          break;
        }
        case WIRE.fixed32:
          skip(4, end, field);
          break;
        default:
          throw malformed(`field ${field} has the wire type ${tag % 8}`);
      }
    }
  };
  walk(bytes.length, shape);
}

export function malformed(what: string): StreamError {
  const message = `the request is not valid protobuf: ${what}`;
  return new StreamError('invalid', 'MALFORMED_REQUEST', message);
}

function tooMany(max: number): StreamError {
  const message = `a request has at most ${max} fields, nested ones included`;
  return new StreamError('invalid', 'REQUEST_FIELDS', message, { details: { limit: String(max) } });
}
