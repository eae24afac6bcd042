/**
 * Verification of AWS Signature Version 4 in the Authorization header. Source: "Authenticating Requests (AWS
 * Signature Version 4)" in Amazon's S3 API reference.
 */
import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { S3Failure } from './answer.ts';

export interface Verifier {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly nowMs: () => number;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
const TIMESTAMP = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const SKEW_MS_MAX = 15 * 60_000;

/**
 * @param bodySha256 hash of the bytes that came
 * @throws S3Failure as S3 answers
 */
export function verifySignature(
  request: IncomingMessage,
  bodySha256: string,
  verifier: Verifier,
): void {
  const [, keyId, day, region, signedHeaders, signature] =
    AUTHORIZATION.exec(request.headers.authorization ?? '') ?? [];
  if (
    keyId === undefined ||
    day === undefined ||
    region === undefined ||
    signedHeaders === undefined
  ) {
    throw new S3Failure(403, 'AccessDenied', 'The request is not signed.');
  }
  if (keyId !== verifier.accessKeyId) {
    throw new S3Failure(403, 'InvalidAccessKeyId', 'There is no such access key id.');
  }
  const timestamp = headerOf(request, 'x-amz-date');
  checkSkew(timestamp, verifier.nowMs());
  if (region !== verifier.region) throw wrongRegion(verifier.region);
  const declared = headerOf(request, 'x-amz-content-sha256');
  const scope = `${day}/${region}/s3/aws4_request`;
  const canonical = createHash('sha256')
    .update(canonicalRequest(request, signedHeaders, declared))
    .digest('hex');
  const text = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${canonical}`;
  const key = signingKey(verifier.secretAccessKey, day, region);
  if (hmac(key, text).toString('hex') !== signature) {
    throw new S3Failure(
      403,
      'SignatureDoesNotMatch',
      'The signature is not that of the secret access key.',
    );
  }
  checkBody(declared, bodySha256);
}

function checkBody(declared: string, bodySha256: string): void {
  if (declared === 'UNSIGNED-PAYLOAD' || declared === bodySha256) return;
  // The SDK sends chunked bodies only for streams and for checksums in trailers; the product uses neither.
  if (declared.startsWith('STREAMING-'))
    throw new S3Failure(501, 'NotImplemented', 'Chunked bodies are not spoken.');
  throw new S3Failure(400, 'XAmzContentSHA256Mismatch', 'The body is not the one that was signed.');
}

function checkSkew(timestamp: string, nowMs: number): void {
  const fields = TIMESTAMP.exec(timestamp)?.slice(1).map(Number) ?? [];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields;
  const signedMs = Date.UTC(year, month - 1, day, hour, minute, second);
  if (Math.abs(nowMs - signedMs) <= SKEW_MS_MAX) return;
  throw new S3Failure(
    403,
    'RequestTimeTooSkewed',
    'The time of the request is too far from that of the server.',
  );
}

function wrongRegion(region: string): S3Failure {
  const message = `The region of the signature is wrong; expecting '${region}'.`;
  return new S3Failure(400, 'AuthorizationHeaderMalformed', message, {
    'x-amz-bucket-region': region,
  });
}

function canonicalRequest(
  request: IncomingMessage,
  signedHeaders: string,
  payload: string,
): string {
  const [path = '/', query = ''] = splitOnce(request.url ?? '/', '?');
  const headers = signedHeaders.split(';').map((name) => `${name}:${headerOf(request, name)}\n`);
  return [
    request.method,
    path,
    canonicalQuery(query),
    headers.join(''),
    signedHeaders,
    payload,
  ].join('\n');
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs = query.split('&').map((pair) => splitOnce(pair, '='));
  const encoded = pairs.map(([name, value]) => `${reencode(name)}=${reencode(value)}`);
  return encoded.sort().join('&');
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** Percent-encoding as the signature wants it: all but letters, digits, `-`, `.`, `_` and `~`. */
function reencode(text: string): string {
  return encodeURIComponent(decodeURIComponent(text)).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function headerOf(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return text.trim().replace(/ +/g, ' ');
}

function signingKey(secret: string, day: string, region: string): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), 's3'), 'aws4_request');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
