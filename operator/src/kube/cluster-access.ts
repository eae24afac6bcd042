import type { RequestOptions } from 'node:https';

/** Where an API server is and how a request proves who sends it. */
export interface ClusterAccess {
  /** `https://host:port`, or `http:` for a server on loopback; a path before `/api` and `/apis` may follow. */
  readonly server: string;
  /** Headers, certificates and, where there is a proxy, the agent of one request: asked each time, because tokens are renewed. */
  credentials(): Promise<RequestOptions>;
}
