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

/**
 * How many fields the bytes have, those of nested messages included; counting stops past `max`. A field is two bytes on
 * the wire and an object or more once it is decoded, so this is what bounds the memory of decoding. Bytes that are no
 * protobuf are counted up to where they break: the decoder refuses them.
 *
 *   message  = { tag varint (number << 3 | wire type), value }
 *   value    = varint | 8 bytes | length varint, bytes | 4 bytes (https://protobuf.dev/programming-guides/encoding/)
 */
export function countFields(bytes: Uint8Array, shape: MessageShape, max: number): number {
  let position = 0;
  let count = 0;
  const readVarint = (end: number): number => {
    let value = 0;
    for (let scale = 1; position < end; scale *= 128) {
      const byte = bytes[position++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return value;
  };
  const walk = (end: number, fields: MessageShape): void => {
    while (position < end && count <= max) {
      const tag = readVarint(end);
      count++;
      switch (tag % 8) {
        case WIRE.varint:
          readVarint(end);
          break;
        case WIRE.fixed64:
          position += 8;
          break;
        case WIRE.bytes: {
          const length = readVarint(end);
          const next = position + length;
          const nested = fields.get(Math.floor(tag / 8));
          if (nested !== undefined) walk(Math.min(next, end), nested);
          position = next;
          break;
        }
        case WIRE.fixed32:
          position += 4;
          break;
        default:
          break; // A group's borders have no value.
      }
    }
  };
  walk(bytes.length, shape);
  return count;
}
