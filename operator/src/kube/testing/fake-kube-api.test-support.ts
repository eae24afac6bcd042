/** An API server on loopback that does what a real one does not do on demand: it fails as a test says. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type KubeObject, keyOf } from '../kube-api.ts';
import { type Entry, FakeObjects, merged } from './fake-objects.test-support.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export type Fault =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly reason?: string;
      readonly retryAfter?: number;
      readonly text?: string;
    }
  /** The connection breaks before the request is taken. */
  | { readonly kind: 'drop' }
  /** The request is carried out and its answer is lost. */
  | { readonly kind: 'dropAnswer' }
  /** Half of the answer comes, then the connection breaks. */
  | { readonly kind: 'truncate' }
  /** The request is carried out and its answer comes later. */
  | { readonly kind: 'late'; readonly until: Promise<void> }
  /** Nothing ever comes. */
  | { readonly kind: 'hang' };

interface Watch {
  readonly response: ServerResponse;
  readonly collection: string;
  readonly namespace: string | undefined;
  readonly close: () => void;
}

class Refusal extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string) {
    super(`refused: ${reason}`);
    this.status = status;
    this.reason = reason;
  }
}

export class FakeKubeApi implements AsyncDisposable {
  readonly objects: FakeObjects = new FakeObjects();
  readonly asked: Asked[] = [];
  /** Connections that were ever opened. */
  connections = 0;
  /** What goes wrong with a request; undefined: nothing. */
  fault: (asked: Asked) => Fault | undefined = () => undefined;
  /** What a watch is sent for one change: once, twice, or with what it was sent long ago. */
  sent: (entry: Entry) => readonly Entry[] = (entry) => [entry];
  readonly #server: Server;
  readonly #watches = new Set<Watch>();
  readonly #pages = new Map<string, { readonly state: number; readonly items: KubeObject[] }>();
  #tokens = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('connection', () => void this.connections++);
  }

  static async start(): Promise<FakeKubeApi> {
    const fake = new FakeKubeApi();
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return `http://127.0.0.1:${address.port}`;
  }

  get watches(): number {
    return this.#watches.size;
  }

  count(verb: string, isWatch = false): number {
    return this.asked.filter(
      ({ method, query }) => method === verb && query.has('watch') === isWatch,
    ).length;
  }

  /** Ends every watch as the server does when its time is over. */
  endWatches(): void {
    for (const { response } of this.#watches) response.end();
  }

  dropWatches(): void {
    for (const { response } of this.#watches) response.destroy();
  }

  /** Tells every watch that nothing else happened up to now. */
  bookmark(): void {
    const resourceVersion = String(this.objects.version);
    for (const { response } of this.#watches)
      response.write(line('BOOKMARK', { metadata: { resourceVersion } }));
  }

  /** Sends every watch what the test made up. */
  say(type: string, object: object): void {
    for (const { response } of this.#watches) response.write(line(type, object));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url ?? '', 'http://fake');
    const text = Buffer.concat(chunks).toString();
    const asked: Asked = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
    this.asked.push(asked);
    this.#answer(asked, response, this.fault(asked));
  }

  #answer(asked: Asked, response: ServerResponse, fault: Fault | undefined): void {
    if (fault?.kind === 'drop') response.destroy();
    else if (fault?.kind === 'answer') refuse(response, fault);
    if (fault?.kind === 'drop' || fault?.kind === 'answer' || fault?.kind === 'hang') return;
    try {
      if (asked.query.has('watch')) {
        this.#watch(asked, response);
        if (fault !== undefined) response.destroy();
        return;
      }
      const text = JSON.stringify(this.#perform(asked));
      response.setHeader('content-type', 'application/json');
      response.setHeader('content-length', Buffer.byteLength(text));
      if (fault?.kind === 'dropAnswer') response.destroy();
      else if (fault?.kind === 'truncate')
        response.write(text.slice(0, text.length / 2), () => response.destroy());
      else if (fault?.kind === 'late') void fault.until.then(() => response.end(text));
      else response.end(text);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refuse(response, error);
    }
  }

  #perform(asked: Asked): object {
    const { collection, namespace, name } = parsePath(asked.path);
    if (name === undefined)
      return asked.method === 'POST'
        ? this.#create(collection, asked.body as KubeObject)
        : this.#list(collection, namespace, asked.query);
    const key = namespace === undefined ? name : `${namespace}/${name}`;
    const found = this.objects.get(collection, key);
    const isApply = asked.headers['content-type'] === 'application/apply-patch+yaml';
    if (found === undefined && !isApply) throw new Refusal(404, 'NotFound');
    switch (asked.method) {
      case 'GET':
        return found ?? {};
      case 'PUT':
        return this.#replace(collection, found, asked.body as KubeObject);
      case 'PATCH':
        return this.#replace(collection, found, asked.body as KubeObject, true);
      case 'DELETE':
        return this.#delete(collection, key, found, asked.body);
      default:
        throw new Refusal(405, 'MethodNotAllowed');
    }
  }

  #create(collection: string, object: KubeObject): KubeObject {
    if (this.objects.get(collection, keyOf(object.metadata)) !== undefined)
      throw new Refusal(409, 'AlreadyExists');
    return this.objects.put(collection, object);
  }

  #replace(
    collection: string,
    found: KubeObject | undefined,
    body: KubeObject,
    isPatch = false,
  ): KubeObject {
    const expected = body.metadata?.resourceVersion;
    if (expected !== undefined && expected !== found?.metadata.resourceVersion)
      throw new Refusal(409, 'Conflict');
    const next = isPatch ? merged({ ...found }, { ...body }) : body;
    return this.objects.put(collection, next as unknown as KubeObject);
  }

  #delete(collection: string, key: string, found: KubeObject | undefined, body: unknown): object {
    const { preconditions } = body as {
      preconditions?: { uid?: string; resourceVersion?: string };
    };
    const { uid = found?.metadata.uid, resourceVersion = found?.metadata.resourceVersion } =
      preconditions ?? {};
    if (uid !== found?.metadata.uid || resourceVersion !== found?.metadata.resourceVersion)
      throw new Refusal(409, 'Conflict');
    this.objects.remove(collection, key);
    return { kind: 'Status', status: 'Success' };
  }

  #list(collection: string, namespace: string | undefined, query: URLSearchParams): object {
    const token = query.get('continue');
    const page =
      token === null
        ? { state: this.objects.version, items: this.objects.all(collection, namespace) }
        : this.#pages.get(token);
    if (page === undefined || page.state < this.objects.compactedAt)
      throw new Refusal(410, 'Expired');
    const limit = Number(query.get('limit') ?? Number.POSITIVE_INFINITY);
    const metadata = { resourceVersion: String(page.state) };
    if (page.items.length <= limit) return { kind: 'List', metadata, items: page.items };
    const next = `token-${++this.#tokens}`;
    this.#pages.set(next, { state: page.state, items: page.items.slice(limit) });
    return {
      kind: 'List',
      metadata: { ...metadata, continue: next },
      items: page.items.slice(0, limit),
    };
  }

  #watch(asked: Asked, response: ServerResponse): void {
    const { collection, namespace } = parsePath(asked.path);
    const from = Number(asked.query.get('resourceVersion'));
    const name = /^metadata\.name=(.+)$/.exec(asked.query.get('fieldSelector') ?? '')?.[1];
    response.setHeader('content-type', 'application/json');
    response.writeHead(200);
    response.flushHeaders();
    if (from < this.objects.compactedAt) {
      response.end(line('ERROR', { kind: 'Status', code: 410, reason: 'Expired' }));
      return;
    }
    const send = (entry: Entry): void => {
      // One that was ended hears no more, also before it is closed.
      if (response.writableEnded) return;
      if (entry.collection !== collection || entry.version <= from) return;
      for (const { type, object } of this.sent(entry))
        if (
          (namespace === undefined || object.metadata.namespace === namespace) &&
          (name === undefined || object.metadata.name === name)
        )
          response.write(line(type, object));
    };
    for (const entry of this.objects.history) send(entry);
    const watch: Watch = { response, collection, namespace, close: this.objects.listen(send) };
    this.#watches.add(watch);
    response.on('close', () => {
      watch.close();
      this.#watches.delete(watch);
    });
  }
}

function refuse(
  response: ServerResponse,
  refusal: { status: number; reason?: string; retryAfter?: number; text?: string },
): void {
  const { status: code, reason, retryAfter, text } = refusal;
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
  response.writeHead(code);
  response.end(
    text ?? JSON.stringify({ kind: 'Status', code, reason, message: `it is ${reason}` }),
  );
}

function line(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

/** `/api/v1` or `/apis/group/version`, then `[/namespaces/ns]/plural[/name[/subresource]]`. */
function parsePath(path: string): { collection: string; namespace?: string; name?: string } {
  const match =
    /^(\/api\/[^/]+|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?/.exec(
      path,
    );
  if (match === null) throw new Refusal(404, 'NotFound');
  const [, root, namespace, plural, name] = match;
  return {
    collection: `${root}/${plural}`,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
}
