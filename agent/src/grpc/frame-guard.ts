/**
 * What one HTTP/2 connection may make this process hold before a message is complete. The library keeps each DATA frame of
 * an unfinished message as a buffer of its own and has no bound on their number, nor on what all streams hold together:
 * 16 MiB in frames of one byte would take gigabytes.
 */
import { constants } from 'node:http2';
import { LIMITS } from '@streamhouse/core/limits.ts';

/** What the guard needs of a stream of `node:http2`. */
export interface GuardedStream {
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  close(code: number): void;
}

/** Frames of one message whatever its size, and bytes that pay for one more: a packet carries more than that. */
const FRAMES_FREE = 1_024;
const FRAME_BYTES_MIN = 1_024;
/** Before each message: one byte of flags, its length as uint32 big-endian (https://grpc.io: PROTOCOL-HTTP2). */
const PREFIX_BYTES = 5;

/** One connection. */
export class FrameGuard {
  #heldBytes = 0;

  /** Watches a new stream; closes it with ENHANCE_YOUR_CALM when it goes too far. */
  watch(stream: GuardedStream): void {
    const message = new PartialMessage();
    stream.on('data', (chunk) => {
      this.#heldBytes -= message.heldBytes;
      message.add(chunk);
      this.#heldBytes += message.heldBytes;
      const isTooMuch = this.#heldBytes > LIMITS.grpcPartialBytesMax;
      if (isTooMuch || message.isTooFragmented) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    });
    stream.on('close', () => {
      this.#heldBytes -= message.heldBytes;
      message.clear();
    });
  }
}

/** How far the message at the end of a stream has come. */
class PartialMessage {
  /** Bytes of it that are there, its prefix included. */
  heldBytes = 0;
  #frames = 0;
  #contentBytes = 0;

  get isTooFragmented(): boolean {
    return this.#frames > FRAMES_FREE + this.heldBytes / FRAME_BYTES_MIN;
  }

  add(chunk: Uint8Array): void {
    this.#frames++;
    let position = 0;
    while (position < chunk.length) {
      if (this.heldBytes < PREFIX_BYTES) {
        this.#addPrefixByte(chunk[position++] ?? 0);
      } else {
        const missing = PREFIX_BYTES + this.#contentBytes - this.heldBytes;
        const taken = Math.min(missing, chunk.length - position);
        this.heldBytes += taken;
        position += taken;
      }
      if (this.heldBytes === PREFIX_BYTES + this.#contentBytes) this.#next(chunk.length - position);
    }
  }

  clear(): void {
    this.#next(0);
  }

  #addPrefixByte(byte: number): void {
    if (this.heldBytes > 0) this.#contentBytes = this.#contentBytes * 256 + byte;
    this.heldBytes++;
  }

  #next(bytesLeft: number): void {
    this.heldBytes = 0;
    this.#contentBytes = 0;
    this.#frames = bytesLeft > 0 ? 1 : 0;
  }
}
