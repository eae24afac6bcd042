import { expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';

test.each([
  ['nothing', '', 0],
  ['the check value of the CRC catalogue', Buffer.from('123456789').toString('hex'), 0xe3069283],
  ['32 zeros (RFC 3720 B.4)', '00'.repeat(32), 0x8a9136aa],
  ['32 ones (RFC 3720 B.4)', 'ff'.repeat(32), 0x62a8ab43],
  ['0 to 31 (RFC 3720 B.4)', Buffer.from([...Array(32).keys()]).toString('hex'), 0x46dd794e],
] as const)('%s', (_name, hex, crc) => {
  expect(crc32c(Buffer.from(hex, 'hex'))).toBe(crc);
});

test('bytes may come in parts', () => {
  expect(crc32c(Buffer.from('56789'), crc32c(Buffer.from('1234')))).toBe(0xe3069283);
});
