import type { OutgoingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';

/** Headers and certificates; an agent only where the way leads through a proxy. */
export interface Credentials extends RequestOptions {
  headers?: OutgoingHttpHeaders;
}

/** Where an API server is and how a request proves who sends it. */
export interface ClusterAccess {
  /** `https://host:port`, or `http:` for a server on loopback; a path before `/api` and `/apis` may follow. */
  readonly server: string;
  /** Asked for each request, because tokens and certificates are renewed. */
  credentials(): Promise<Credentials>;
}
