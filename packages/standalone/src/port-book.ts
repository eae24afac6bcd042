import { readFile, rename, writeFile } from 'node:fs/promises';

/** The ports of one agent: gRPC, then HTTP. */
export type AgentPorts = readonly [number, number];

/** Which ports agents had that may have any: kept in a file, so that they have them again after a restart. */
export class PortBook {
  readonly #file: string;
  readonly #ports: Map<string, AgentPorts>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, ports: Map<string, AgentPorts>) {
    this.#file = file;
    this.#ports = ports;
  }

  /** A file that is not there or not whole is an empty book: ports that were forgotten are chosen anew. */
  static async open(file: string): Promise<PortBook> {
    try {
      const entries = Object.entries(JSON.parse(await readFile(file, 'utf8')) as object);
      return new PortBook(file, new Map(entries.filter(isEntry)));
    } catch {
      return new PortBook(file, new Map());
    }
  }

  of(agentId: string): AgentPorts | undefined {
    return this.#ports.get(agentId);
  }

  async remember(agentId: string, ports: AgentPorts): Promise<void> {
    const before = this.#ports.get(agentId);
    if (before?.[0] === ports[0] && before[1] === ports[1]) return;
    this.#ports.set(agentId, ports);
    // One after the other, each with all that is known by then.
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    const draft = `${this.#file}.draft`;
    await writeFile(draft, JSON.stringify(Object.fromEntries(this.#ports), undefined, 2));
    await rename(draft, this.#file);
  }
}

function isEntry(entry: [string, unknown]): entry is [string, AgentPorts] {
  const [, ports] = entry;
  return Array.isArray(ports) && ports.length === 2 && ports.every((port) => isPort(port));
}

function isPort(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
}
