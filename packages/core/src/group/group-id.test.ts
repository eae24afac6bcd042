import { expect, it } from 'vitest';
import { checkGroupId } from './group-id.ts';

it('takes any text of up to 255 characters', () => {
  for (const id of ['a', 'orders / Zürich', '_', 'x'.repeat(255)])
    expect(() => checkGroupId(id)).not.toThrow();
});

it.each([
  ['', 'must not be empty'],
  ['x'.repeat(512), 'has at most 255 characters, got 512'],
  ['a\0b', 'must have no control characters'],
  ['a\nb', 'must have no control characters'],
  ['a\u0085b', 'must have no control characters'],
  ['\ud800', 'must be valid Unicode'],
])('refuses %j (B-10)', (id, fault) => {
  expect(() => checkGroupId(id)).toThrow(
    expect.objectContaining({
      kind: 'invalid',
      reason: 'GROUP_ID',
      message: expect.stringContaining(fault),
    }),
  );
});
