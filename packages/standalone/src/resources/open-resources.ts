import { join } from 'node:path';
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import { type HttpHandler, resourceHandler } from './http-edge.ts';
import { LocalKubeApi } from './local-kube-api.ts';
import { ResourceStore } from './resource-store.ts';
import { SERVED_KINDS } from './served-kinds.ts';

/** Who is said to have written what controllers write. */
const FIELD_MANAGER = 'streamhouse-operator';

export interface ResourcesOptions {
  /** Absolute path of a home that this process owns; the resources are in `resources` below it. */
  readonly home: string;
  readonly clock: Clock;
  readonly random: Random;
  /** See `ResourceStoreOptions.historyChangesMax`. */
  readonly historyChangesMax?: number;
}

/** The resources of a standalone, in the place of a Kubernetes API server. */
export interface Resources extends AsyncDisposable {
  readonly api: LocalKubeApi;
  readonly handler: HttpHandler;
}

/**
 * Opens what the home has. Dispose makes durable what was asked for and ends the watches.
 *
 * @throws StreamError `corrupt` RESOURCE_FILE naming the damaged file.
 */
export async function openResources(options: ResourcesOptions): Promise<Resources> {
  const { home, clock, random, historyChangesMax } = options;
  const store = await ResourceStore.open({
    folder: join(home, 'resources'),
    kinds: SERVED_KINDS,
    ...(historyChangesMax === undefined ? {} : { historyChangesMax }),
  });
  const api = new LocalKubeApi(store, { clock, random, fieldManager: FIELD_MANAGER });
  return {
    api,
    handler: resourceHandler(api),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
