/** What Postgres and the object store hold after a run: every published run is there, whole, and written once. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import { verifyRun } from '@streamhouse/core/object/run-crc.ts';
import { offset, partitionIndex, topicId } from '@streamhouse/core/ids.ts';
import { openDirectoryStore } from '@streamhouse/store/objects/directory.ts';
import type { Facts, StoredRunFact } from '../harness/facts.ts';
import type { Stage } from './stage/stage.ts';

export interface Audit {
  /** What must not be, one sentence each. */
  readonly findings: readonly string[];
  readonly runs: number;
  readonly objects: number;
  /** Stored and never published, or published without a run that counts. They are harmless. */
  readonly orphans: number;
  /** Of the group that has had most. */
  readonly generation: number;
}

const FINDINGS_MAX = 50;

export async function audit({ facts, s3, objectsFolder }: Stage): Promise<Audit> {
  const overwrites = s3.gateway.violations.map(
    ({ key, bytes, existingBytes }) => `overwrite: ${key}, ${bytes} bytes over ${existingBytes}`,
  );
  const runs = await facts.storedRuns();
  const findings = [
    ...overwrites,
    ...(await facts.audit(objectsFolder)),
    ...(await facts.auditGroups()),
    ...(await corruptRuns(runs, objectsFolder)),
  ];
  const { objects, orphans } = await countObjects(facts, objectsFolder);
  const generation = await facts.generation();
  return {
    findings: findings.slice(0, FINDINGS_MAX),
    runs: runs.length,
    objects,
    orphans,
    generation,
  };
}

/** Runs whose bytes are not what was published. Runs of one object follow each other, so each is read once. */
async function corruptRuns(
  runs: readonly StoredRunFact[],
  objectsFolder: string,
): Promise<string[]> {
  const findings: string[] = [];
  let [key, bytes] = ['', Buffer.alloc(0)];
  for (const run of runs) {
    if (run.objectKey !== key) {
      // One that is missing has been found already.
      bytes = await readFile(join(objectsFolder, run.objectKey)).catch(() => Buffer.alloc(0));
      key = run.objectKey;
    }
    const owner = { topicId: topicId(run.topicId), partition: partitionIndex(run.partition) };
    const expected = {
      baseOffset: offset(run.baseOffset),
      lastOffset: offset(run.lastOffset),
      crc: run.crc,
    };
    try {
      verifyRun(owner, expected, bytes.subarray(run.position, run.position + run.length), crc32c);
    } catch (error) {
      findings.push(`wrong-bytes: ${key}: ${(error as Error).message}`);
    }
  }
  return findings;
}

async function countObjects(
  facts: Facts,
  objectsFolder: string,
): Promise<{ readonly objects: number; readonly orphans: number }> {
  await using store = await openDirectoryStore({ root: objectsFolder });
  const referenced = await facts.referencedKeys();
  let [objects, orphans] = [0, 0];
  const { signal } = new AbortController();
  for await (const { key } of store.list('', { signal })) {
    if (!key.includes('/wal/')) continue;
    objects++;
    if (!referenced.has(key)) orphans++;
  }
  return { objects, orphans };
}
