/** What is compressed, in every frame that Kafka's clients send. */
import assert from 'node:assert/strict';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { nativeCompression } from '@streamhouse/codec/compression.ts';
import type { Compression } from '@streamhouse/core/record/compression.ts';
import { type Decoder, decoded } from '../decoder.ts';
import type { Seed } from '../target.ts';

/** Bytes that an input may decompress to. */
const BYTES_MAX = 1_048_576;
const EMPTY = new Uint8Array();
const TEXT = Buffer.from('the same words again and again, '.repeat(40));
const ZEROS = new Uint8Array(200_000);
const NOISE = Uint8Array.from({ length: 3_000 }, (_, index) => Math.imul(index, 0x9e3779b1) >>> 24);
/** Past the bound, in a few bytes. */
const BOMB = new Uint8Array(BYTES_MAX + 1);

function plainSeeds(compression: Compression): readonly Seed[] {
  return Object.entries({ EMPTY, TEXT, ZEROS, NOISE, BOMB }).map(([name, bytes]) => ({
    name: name.toLowerCase(),
    bytes: nativeCompression.compress(compression, bytes),
  }));
}

/** A stored block and a checksum of the content, which our encoder does not write. */
function lz4Forms(): readonly Seed[] {
  const whole = Buffer.from(nativeCompression.compress('lz4', TEXT));
  const sized = Buffer.concat([whole.subarray(0, 6), Buffer.alloc(8), whole.subarray(6)]);
  sized.writeUInt8(sized.readUInt8(4) | 0x08, 4);
  sized.writeBigUInt64LE(0xffff_ffffn, 6);
  const stored = Buffer.from(`04224d186040820500008068656c6c6f00000000`, 'hex');
  return [
    { name: 'stored', bytes: stored },
    { name: 'forged-size', bytes: sized },
    { name: 'two-frames', bytes: Buffer.concat([whole, whole]) },
  ];
}

/** Magic and versions (16 bytes), then the size of the one block (4). */
const SNAPPY_FRAME_BYTES = 20;

function snappyForms(): readonly Seed[] {
  return [
    {
      name: 'raw',
      bytes: nativeCompression.compress('snappy', TEXT).subarray(SNAPPY_FRAME_BYTES),
    },
    { name: 'forged-size', bytes: Buffer.from('ffffffff0f00', 'hex') },
  ];
}

function gzipForms(): readonly Seed[] {
  const member = gzipSync(TEXT, { level: 9 });
  const named = Buffer.concat([member.subarray(0, 3), Buffer.from([0x08])]);
  return [
    { name: 'two-members', bytes: Buffer.concat([member, member]) },
    { name: 'stored', bytes: gzipSync(TEXT, { level: 0 }) },
    {
      name: 'file-name',
      bytes: Buffer.concat([
        named,
        member.subarray(4, 10),
        Buffer.from('a.txt\0'),
        member.subarray(10),
      ]),
    },
  ];
}

function zstdForms(): readonly Seed[] {
  const { ZSTD_c_checksumFlag, ZSTD_c_contentSizeFlag } = constants;
  const frame = zstdCompressSync(TEXT, { params: { [ZSTD_c_checksumFlag]: 1 } });
  const skippable = Buffer.from('502a4d18040000000badf00d', 'hex');
  return [
    { name: 'checksum', bytes: frame },
    { name: 'no-size', bytes: zstdCompressSync(TEXT, { params: { [ZSTD_c_contentSizeFlag]: 0 } }) },
    { name: 'two-frames', bytes: Buffer.concat([frame, frame]) },
    { name: 'skippable', bytes: Buffer.concat([skippable, frame]) },
  ];
}

const FORMS = {
  lz4: lz4Forms,
  snappy: snappyForms,
  gzip: gzipForms,
  zstd: zstdForms,
} satisfies Partial<Record<Compression, () => readonly Seed[]>>;

function check(compression: Compression, input: Uint8Array): void {
  const plain = decoded(() => nativeCompression.decompress(compression, input, BYTES_MAX));
  if (plain === undefined) return;
  assert(plain.length <= BYTES_MAX, `${plain.length} bytes`);
  const again = nativeCompression.compress(compression, plain);
  assert(Buffer.from(nativeCompression.decompress(compression, again, BYTES_MAX)).equals(plain));
}

export const CODEC_DECODERS: readonly Decoder[] = (['lz4', 'snappy', 'gzip', 'zstd'] as const).map(
  (name) => ({
    name,
    seeds: () => [...plainSeeds(name), ...FORMS[name]()],
    check: (input) => check(name, input),
  }),
);
