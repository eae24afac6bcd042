/**
 * Where the API server is and who we are there, from a kubeconfig file or from the service account of the pod. The one file
 * that loads client-node: it knows the ways to log in (exec plugins, OIDC, client certificates, tokens renewed on disk).
 */
import { KubeConfig } from '@kubernetes/client-node';
import type { ClusterAccess, Credentials } from './cluster-access.ts';

/** Access by a kubeconfig file; without `path` by the service account that Kubernetes mounts into every pod. */
export function kubeConfigAccess(path?: string): ClusterAccess {
  const config = new KubeConfig();
  if (path === undefined) config.loadFromCluster();
  else config.loadFromFile(path);
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
