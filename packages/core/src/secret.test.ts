import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from './secret.ts';

test('a secret shows in no text, JSON or inspection', () => {
  const settings = { password: new Secret('canary') };
  const shown = [
    settings.password.toString(),
    JSON.stringify(settings),
    inspect(settings, { depth: 9, showHidden: true }),
  ];
  expect(shown.join(' ')).not.toContain('canary');
  expect(settings.password.reveal()).toBe('canary');
});
