/** An operator that does nothing but serve its API, as a process of its own: there is no Kubernetes, so it leads nothing. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Call, createCaller } from '@streamhouse/api/rest/client.ts';
import { newApiKey, SCOPES } from '@streamhouse/operator/http/identity/api-keys.ts';
import { temporaryHome } from './guard.ts';
import { OperatorProcess } from './operator-process.ts';

/** What V8 chooses in a container of the chart's 512 MiB: here it would take the memory of the whole machine for its own. */
const MEMORY_FLAGS = '--max-old-space-size=256 --max-semi-space-size=2';
const START_MS = 60_000;
/** Nothing listens there. */
const NO_KUBERNETES = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '1' };

export interface ApiProcess extends AsyncDisposable {
  readonly operator: OperatorProcess;
  readonly url: string;
  /** A key with every right. */
  readonly key: string;
  readonly call: Call;
}

export interface ApiProcessOptions {
  /** Of a database whose schema is up to date. */
  readonly postgresUrl: string;
  /** What Node.js runs; absent: the sources. */
  readonly program?: readonly string[];
  readonly nodeFlags?: readonly string[];
}

export async function startApiProcess(options: ApiProcessOptions): Promise<ApiProcess> {
  await using parts = new AsyncDisposableStack();
  const { path: folder } = parts.use(await temporaryHome());
  const hmacKey = randomBytes(32).toString('base64url');
  const { key, entry } = newApiKey(hmacKey, { name: 'all', scopes: SCOPES, expiresAt: null });
  const keysFile = join(folder, 'keys.json');
  await writeFile(keysFile, JSON.stringify({ hmacKey, keys: [entry] }));
  for (const name of ['ca.crt', 'token']) await writeFile(join(folder, name), '');
  const env = {
    PATH: '/usr/bin:/bin',
    NODE_OPTIONS: [MEMORY_FLAGS, ...(options.nodeFlags ?? [])].join(' '),
    ...NO_KUBERNETES,
    SERVICE_ACCOUNT_FOLDER: folder,
    METADATA_STORE: options.postgresUrl,
    ...{ POD_NAMESPACE: 'default', POD_NAME: 'api', HTTP_PORT: '0', API_PORT: '0' },
    ...{ AGENT_IMAGE: 'streamhouse:none', AGENT_SECRET_NAME: 'none' },
    API_KEYS_FILE: keysFile,
    API_REQUESTS_PER_MINUTE: '10000000',
  };
  const operator = parts.use(await OperatorProcess.start('api', env, options.program));
  const url = await operator.apiUrl(AbortSignal.timeout(START_MS));
  const call = createCaller({ baseUrl: url, headers: { authorization: `Bearer ${key}` } });
  const owned = parts.move();
  return { operator, url, key, call, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
