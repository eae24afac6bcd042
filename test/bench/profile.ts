/** What processes spent their time on, from the profiles that V8 wrote (`--cpu-prof`). */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** The part of a .cpuprofile that is read. Source: the Chrome DevTools protocol, type Profiler.Profile. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  /** Node on top of the stack at each sample. */
  readonly samples: readonly number[];
  /** Microseconds from the sample before. */
  readonly timeDeltas: readonly number[];
}

export interface SelfTime {
  readonly name: string;
  readonly milliseconds: number;
  /** Of the time that the processes were not idle. */
  readonly share: number;
}

/** Functions by the time spent in themselves, longest first. */
export function selfTimes(profiles: readonly CpuProfile[]): SelfTime[] {
  const micros = new Map<string, number>();
  for (const { nodes, samples, timeDeltas } of profiles) {
    const names = new Map(nodes.map((node) => [node.id, nameOf(node.callFrame)]));
    for (const [index, id] of samples.entries()) {
      const name = names.get(id) ?? '(unknown)';
      micros.set(name, (micros.get(name) ?? 0) + Math.max(0, timeDeltas[index] ?? 0));
    }
  }
  micros.delete('(idle)');
  const total = [...micros.values()].reduce((sum, time) => sum + time, 0);
  return [...micros]
    .map(([name, time]) => ({ name, milliseconds: time / 1_000, share: time / total }))
    .toSorted((a, b) => b.milliseconds - a.milliseconds);
}

/** All profiles of a folder together: those of several processes, or of the threads of one. */
export async function readProfiles(folder: string): Promise<CpuProfile[]> {
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith('.cpuprofile'));
  return await Promise.all(
    files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile),
  );
}

function nameOf({
  functionName,
  url,
  lineNumber,
}: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name} ${basename(url)}:${lineNumber + 1}`;
}
