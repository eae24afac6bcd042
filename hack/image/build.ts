/**
 * `npm run image [-- --tag NAME --archive OUT.tar]`: builds the image with Docker, Podman or
 * Buildah, whichever works here; with --archive without any of them, as an archive that `docker load`, `ctr images import` and
 * `kind load image-archive` take.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { imageArchive } from '../kube/image-archive.ts';
import { imageConfig, version } from './config.ts';
import { imageRoot } from './root.ts';

const ROOT = join(import.meta.dirname, '../..');
/** A question that only a working builder answers, and the command that builds. */
const BUILDERS = [
  { program: 'docker', probe: ['info'], build: ['build'] },
  { program: 'podman', probe: ['info'], build: ['build'] },
  { program: 'buildah', probe: ['info'], build: ['bud'] },
] as const;

function revision(): string {
  const { stdout, status } = spawnSync('git', ['rev-parse', 'HEAD'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : 'unknown';
}

function npmSbom(): string {
  const { stdout, status, stderr } = spawnSync(
    'npm',
    ['sbom', '--sbom-format=cyclonedx', '--omit=dev', '--package-lock-only'],
    { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 ** 2 },
  );
  if (status !== 0) throw new Error(`npm sbom failed: ${stderr}`);
  return stdout;
}

async function buildArchive(tag: string, out: string): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'streamhouse-root-'));
  try {
    await imageRoot(root);
    await writeFile(join(root, 'app/sbom.cdx.json'), npmSbom());
    const config = imageConfig(await version(), revision());
    await imageArchive({ name: tag, root, config, out });
  } finally {
    await rm(root, { recursive: true });
  }
  console.log(`${tag} is in ${out}`);
}

async function buildWithBuilder(tag: string): Promise<void> {
  const builder = BUILDERS.find(
    ({ program, probe }) => spawnSync(program, probe, { stdio: 'ignore' }).status === 0,
  );
  if (builder === undefined) {
    const names = BUILDERS.map(({ program }) => program).join(', ');
    throw new Error(`none of ${names} works here; --archive OUT.tar needs none of them`);
  }
  const args = [
    ...['--file', 'hack/image/Dockerfile', '--tag', tag],
    ...['--build-arg', `VERSION=${await version()}`, '--build-arg', `REVISION=${revision()}`],
  ];
  const { status } = spawnSync(builder.program, [...builder.build, ...args, '.'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`${builder.program} could not build the image`);
}

const { values } = parseArgs({
  options: { tag: { type: 'string' }, archive: { type: 'string' } },
});
const tag = values.tag ?? `streamhouse:${await version()}`;
try {
  if (values.archive === undefined) await buildWithBuilder(tag);
  else await buildArchive(tag, values.archive);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
