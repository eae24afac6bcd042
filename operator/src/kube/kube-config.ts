/**
 * Where the API server is and who we are there, from a kubeconfig file. The one file that loads client-node: it knows the ways
 * to log in (exec plugins, OIDC, client certificates, tokens renewed on disk), and takes 40 MiB for it.
 */
import { KubeConfig } from '@kubernetes/client-node';
import type { ClusterAccess, Credentials } from './cluster-access.ts';

/** @throws Error when the current context of the file names no cluster. */
export function kubeConfigAccess(path: string): ClusterAccess {
  const config = new KubeConfig();
  config.loadFromFile(path);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`${path} names no cluster in its current context`);
  return {
    server: cluster.server,
    async credentials() {
      const options: Credentials = {};
      await config.applyToHTTPSOptions(options);
      // Its agents keep no connection open: only the way through a proxy needs one of them.
      if (cluster.proxyUrl === undefined) delete options.agent;
      return options;
    },
  };
}
