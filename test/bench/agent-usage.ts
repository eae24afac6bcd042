/** What an agent's process uses, and what it counts. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';

const SAMPLE_MS = 200;
/** Of the kernel's clock in /proc, on every Linux that Node.js runs on. */
const TICKS_PER_SECOND = 100;

export interface ProcessUsage {
  readonly rssMiBMedian: number;
  readonly rssMiBMax: number;
  /** Of one core. */
  readonly cpuPercent: number;
}

/** Watches a process until `until` is settled. Source: /proc/PID/status and fields 14 and 15 of /proc/PID/stat. */
export async function watchUsage(pid: number, until: Promise<unknown>): Promise<ProcessUsage> {
  const over = { isOver: false };
  const end = (): void => {
    over.isOver = true;
  };
  until.then(end, end);
  const [startMs, startCpuMs] = [performance.now(), await cpuMs(pid)];
  const samples: number[] = [];
  while (!over.isOver) {
    samples.push(await rssMiB(pid));
    await rest(SAMPLE_MS);
  }
  const usedMs = (await cpuMs(pid)) - startCpuMs;
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    rssMiBMedian: sorted[Math.floor(sorted.length / 2)] ?? 0,
    rssMiBMax: sorted.at(-1) ?? 0,
    cpuPercent: (100 * usedMs) / (performance.now() - startMs),
  };
}

export async function rssMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`process ${pid} tells no memory`);
  return Number(kib) / 1_024;
}

export interface OpenFiles {
  /** Files, sockets, pipes and all else. */
  readonly descriptors: number;
  /** Sockets among them. */
  readonly connections: number;
}

/** What a process has open. Source: /proc/PID/fd. */
export async function openFiles(pid: number): Promise<OpenFiles> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder);
  // One that was closed in between is not open.
  const targets = await Promise.all(
    names.map((name) => readlink(`${folder}/${name}`).catch(() => undefined)),
  );
  return {
    descriptors: targets.filter((target) => target !== undefined).length,
    connections: targets.filter((target) => target?.startsWith('socket:')).length,
  };
}

async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
}

/** The series without labels of an agent's `/metrics`, by name. */
export async function scrape(metricsUrl: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(metricsUrl)).text();
  const lines = text.matchAll(/^([a-z_]+) ([0-9.e+-]+)$/gm);
  return new Map([...lines].map(([, name = '', value]) => [name, Number(value)]));
}
