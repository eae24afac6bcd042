/**
 * Container images without a builder: a folder becomes the one layer of an archive that `ctr images import` and
 * `docker load` take. Format: the manifest.json of `docker save`.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** The same folder gives the same bytes, whoever owns its files and whenever they were written. */
const REPRODUCIBLE = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'];

export interface ImageArchiveOptions {
  /** With its tag. */
  readonly name: string;
  /** The folder that becomes the image's root. */
  readonly root: string;
  /** The `config` object of the OCI image configuration: Entrypoint, Env, User, … */
  readonly config: Readonly<Record<string, unknown>>;
  /** The file to write. */
  readonly out: string;
}

/** Writes the archive. Needs GNU tar. */
export async function imageArchive(options: ImageArchiveOptions): Promise<void> {
  const { name, root, config, out } = options;
  const work = await mkdtemp(join(tmpdir(), 'streamhouse-image-'));
  try {
    const layer = join(work, 'layer.tar');
    await run('tar', ['-C', root, ...REPRODUCIBLE, '-cf', layer, '.']);
    const hash = createHash('sha256');
    await pipeline(createReadStream(layer), hash);
    const image = {
      architecture: arch() === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: [`sha256:${hash.digest('hex')}`] },
    };
    const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }];
    await writeFile(join(work, 'config.json'), JSON.stringify(image));
    await writeFile(join(work, 'manifest.json'), JSON.stringify(manifest));
    await run('tar', ['-C', work, '-cf', out, 'manifest.json', 'config.json', 'layer.tar']);
  } finally {
    await rm(work, { recursive: true });
  }
}
