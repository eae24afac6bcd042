import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubeConfigAccess } from './kube-config.ts';

const KUBECONFIG = {
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'here',
  contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
  clusters: [
    { name: 'c', cluster: { server: 'https://10.0.0.1:6443', 'certificate-authority': 'ca.crt' } },
  ],
  users: [{ name: 'u', user: { token: 'secret-token' } }],
};

describe('kubeConfigAccess', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
    await writeFile(join(folder, 'ca.crt'), 'first authority');
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function fileOf(config: object): Promise<string> {
    const path = join(folder, 'config');
    await writeFile(path, JSON.stringify(config));
    return path;
  }

  it('gives the server, the token and the authority, and no agent that closes its connections', async () => {
    const access = kubeConfigAccess(await fileOf(KUBECONFIG));
    expect(access.server).toBe('https://10.0.0.1:6443');
    const options = await access.credentials();
    expect(options.headers).toEqual({ Authorization: 'Bearer secret-token' });
    expect(String(options.ca)).toBe('first authority');
    expect(options.agent).toBeUndefined();
  });

  it('reads an authority that was renewed on disk', async () => {
    const access = kubeConfigAccess(await fileOf(KUBECONFIG));
    await access.credentials();
    await writeFile(join(folder, 'ca.crt'), 'second authority');
    expect(String((await access.credentials()).ca)).toBe('second authority');
  });

  it('keeps the agent that goes through a proxy', async () => {
    const [named] = KUBECONFIG.clusters;
    const cluster = { ...named!.cluster, 'proxy-url': 'http://10.0.0.2:3128' };
    const path = await fileOf({ ...KUBECONFIG, clusters: [{ name: 'c', cluster }] });
    expect((await kubeConfigAccess(path).credentials()).agent).toBeDefined();
  });

  it('refuses a file whose context names no cluster', async () => {
    const path = await fileOf({ ...KUBECONFIG, clusters: [] });
    expect(() => kubeConfigAccess(path)).toThrow('names no cluster');
  });
});
