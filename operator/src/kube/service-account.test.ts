import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serviceAccountAccess } from './service-account.ts';
import { VirtualClock } from './testing/virtual-clock.test-support.ts';

describe('serviceAccountAccess', () => {
  const server = 'https://10.0.0.1:443';
  let folder: string;
  let clock: VirtualClock;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'service-account-'));
    clock = new VirtualClock();
    await mount('first');
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function mount(text: string): Promise<void> {
    await writeFile(join(folder, 'ca.crt'), `${text} authority`);
    await writeFile(join(folder, 'token'), `${text}-token\n`);
  }

  it('gives the server, the token and the authority', async () => {
    const access = serviceAccountAccess({ server, folder }, clock);
    expect(access.server).toBe(server);
    expect(await access.credentials()).toEqual({
      ca: 'first authority',
      headers: { authorization: 'Bearer first-token' },
    });
  });

  it('reads again after a minute, and not before', async () => {
    const access = serviceAccountAccess({ server, folder }, clock);
    const first = await access.credentials();
    await mount('second');
    await clock.pass(59_999);
    expect(await access.credentials()).toBe(first);
    await clock.pass(1);
    expect(await access.credentials()).toEqual({
      ca: 'second authority',
      headers: { authorization: 'Bearer second-token' },
    });
  });

  it('reads again at once when it could not', async () => {
    await rm(join(folder, 'token'));
    const access = serviceAccountAccess({ server, folder }, clock);
    await expect(access.credentials()).rejects.toThrow('token');
    await mount('second');
    expect((await access.credentials()).ca).toBe('second authority');
  });
});
