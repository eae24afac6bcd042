/** What an image says of itself; hack/image/Dockerfile says the same. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

export async function version(): Promise<string> {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  return manifest.version;
}

/** Annotation keys of the OCI image specification. */
export function labels(version: string, revision: string): Readonly<Record<string, string>> {
  return {
    'org.opencontainers.image.title': 'StreamHouse',
    'org.opencontainers.image.description': 'Agent, operator and command line of StreamHouse',
    'org.opencontainers.image.licenses': 'Apache-2.0',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.revision': revision,
  };
}

/** The `config` object of the OCI image configuration, for images that no builder makes. */
export function imageConfig(version: string, revision: string): Readonly<Record<string, unknown>> {
  return {
    Entrypoint: ['/usr/local/bin/node', '/app/main.mjs'],
    Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'NODE_ENV=production', 'HOME=/tmp'],
    User: '1000:1000',
    WorkingDir: '/app',
    ExposedPorts: { '9090/tcp': {}, '8080/tcp': {}, '3001/tcp': {} },
    StopSignal: 'SIGTERM',
    Labels: labels(version, revision),
  };
}
