/** Who a pod is: the service account that Kubernetes mounts into it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import type { ClusterAccess, Credentials } from './cluster-access.ts';

/** As client-go (transport/token_source.go): kubelets renew a token long before it ends. */
const FRESH_MS = 60_000;

export interface ServiceAccount {
  /** `https://host:port`. */
  readonly server: string;
  /** Holds `ca.crt` and `token`, both replaced now and then. */
  readonly folder: string;
}

export function serviceAccountAccess(
  { server, folder }: ServiceAccount,
  clock: Clock,
): ClusterAccess {
  let known: Credentials | undefined;
  let readMs = 0;
  return {
    server,
    async credentials() {
      const nowMs = clock.monotonicMs();
      if (known === undefined || nowMs - readMs >= FRESH_MS) {
        known = await credentialsIn(folder);
        readMs = nowMs;
      }
      return known;
    },
  };
}

async function credentialsIn(folder: string): Promise<Credentials> {
  const [ca, token] = await Promise.all(
    ['ca.crt', 'token'].map((name) => readFile(join(folder, name), 'utf8')),
  );
  return { ca, headers: { authorization: `Bearer ${token?.trim()}` } };
}
