/** What browsers are told of the pages that come from here. */
import type { RequestHandler } from 'express';
import helmet from 'helmet';

const SELF = ["'self'"];
const CONTENT_POLICY = {
  defaultSrc: SELF,
  baseUri: SELF,
  formAction: SELF,
  frameAncestors: ["'none'"],
  imgSrc: ["'self'", 'data:'],
  objectSrc: ["'none'"],
};

export function securityHeaders(): RequestHandler[] {
  const common = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: CONTENT_POLICY },
    strictTransportSecurity: false,
  });
  // Of this name only: others of its domain may have no certificate.
  const transport = helmet.strictTransportSecurity({ includeSubDomains: false });
  return [
    common,
    // By our own certificate, or by the word of a proxy that is trusted.
    (request, response, next) => {
      if (request.secure) transport(request, response, next);
      else next();
    },
  ];
}
