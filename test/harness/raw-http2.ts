/** HTTP/2 frames by hand, for what no client library would send (RFC 9113, section 4.1; RFC 7541, appendix B unused). */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { pathOf } from './raw-grpc.ts';

export const FRAME = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
} as const;
const END_HEADERS = 0x4;
/** What a client sends first. */
export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export interface FrameSocket extends AsyncDisposable {
  /** Writes and waits until the kernel has taken it; false once the connection is closed. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Frames that came, by type: how many, and the error code of the last RST_STREAM or GOAWAY. */
  readonly seen: {
    readonly counts: ReadonlyMap<number, number>;
    readonly errorCode: number | undefined;
  };
  readonly isClosed: boolean;
}

/** A connection after its preface. Without `isReading` nothing is ever read from it. */
export async function openFrames(address: string, isReading = true): Promise<FrameSocket> {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  let isClosed = false;
  socket.once('close', () => {
    isClosed = true;
  });
  const counts = new Map<number, number>();
  let errorCode: number | undefined;
  if (isReading) {
    readFrames(socket, (type, payload) => {
      counts.set(type, (counts.get(type) ?? 0) + 1);
      if (type === FRAME.rstStream) errorCode = payload.readUInt32BE(0);
      if (type === FRAME.goAway) errorCode = payload.readUInt32BE(4);
    });
  }
  socket.write(Buffer.concat([Buffer.from(PREFACE), frameOf(FRAME.settings, 0, 0)]));
  return {
    write: (bytes) => write(socket, bytes),
    get seen() {
      return { counts, errorCode };
    },
    get isClosed() {
      return isClosed;
    },
    async [Symbol.asyncDispose]() {
      if (isClosed) return;
      const closed = once(socket, 'close');
      socket.destroy();
      await closed;
    },
  };
}

/** uint24 length, uint8 type, uint8 flags, uint32 stream, the payload. */
export function frameOf(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** HEADERS of a gRPC call: literal fields that are not indexed, without Huffman. */
export function headersOf(method: string, stream: number): Buffer {
  const fields = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', pathOf(method)],
    [':authority', 'localhost'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
  ];
  const block = fields.map(([name = '', value = '']) =>
    Buffer.concat([
      Buffer.from([0x00, name.length]),
      Buffer.from(name),
      Buffer.from([value.length]),
      Buffer.from(value),
    ]),
  );
  return frameOf(FRAME.headers, END_HEADERS, stream, Buffer.concat(block));
}

async function write(socket: Socket, bytes: Uint8Array): Promise<boolean> {
  if (socket.destroyed) return false;
  return await new Promise((resolve) => {
    const onClose = (): void => resolve(false);
    socket.once('close', onClose);
    socket.write(bytes, (error) => {
      socket.off('close', onClose);
      resolve(error == null);
    });
  });
}

function readFrames(socket: Socket, onFrame: (type: number, payload: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 9) {
      const length = rest.readUIntBE(0, 3);
      if (rest.length < 9 + length) break;
      onFrame(rest.readUInt8(3), rest.subarray(9, 9 + length));
      rest = rest.subarray(9 + length);
    }
  });
}
