/** What browsers are told of the pages that come from here: by helmet, which says the same of all, so it is asked once. */
import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';
import { isEncrypted } from './client-place.ts';

const SELF = ["'self'"];
const CONTENT_POLICY = {
  defaultSrc: SELF,
  baseUri: SELF,
  formAction: SELF,
  frameAncestors: ["'none'"],
  imgSrc: ["'self'", 'data:'],
  objectSrc: ["'none'"],
};

const COMMON = headersOf(
  helmet({
    contentSecurityPolicy: { useDefaults: false, directives: CONTENT_POLICY },
    strictTransportSecurity: false,
  }),
);

/** Of this name only: others of its domain may have no certificate. */
const ENCRYPTED: OutgoingHttpHeaders = {
  ...COMMON,
  ...headersOf(helmet.strictTransportSecurity({ includeSubDomains: false })),
};

export function securityHeaders(
  request: IncomingMessage,
  trustedProxies: number,
): OutgoingHttpHeaders {
  return isEncrypted(request, trustedProxies) ? ENCRYPTED : COMMON;
}

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

function headersOf(middleware: Middleware): OutgoingHttpHeaders {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  middleware(request, response, () => undefined);
  return { ...response.getHeaders() };
}
