/** What Kubernetes gives a pod to know itself and the API server by, for processes that run as if in one. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubeConfigAccess } from '@streamhouse/operator/kube/kube-config.ts';

/** Writes what is mounted into a pod of the user of a kubeconfig, who has a token. Resolves the environment that leads to it. */
export async function mountServiceAccount(
  kubeconfig: string,
  folder: string,
): Promise<Record<string, string>> {
  const access = kubeConfigAccess(kubeconfig);
  const { ca, headers } = await access.credentials();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'ca.crt'), String(ca));
  await writeFile(
    join(folder, 'token'),
    String(headers?.['Authorization']).replace('Bearer ', ''),
    {
      mode: 0o600,
    },
  );
  const { hostname, port } = new URL(access.server);
  return {
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    SERVICE_ACCOUNT_FOLDER: folder,
  };
}
