import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type S3Call, s3Error, s3TimeoutError } from './s3-errors.ts';

const READ: S3Call = { doing: 'Reading a/b', bucket: 'logs', region: 'us-east-1', isPut: false };
const PUT: S3Call = { ...READ, doing: 'Writing a/b', isPut: true };

/** An error as the SDK throws it for an answer. */
function answered(status: number, name: string, headers: Record<string, string> = {}): Error {
  const error = Object.assign(new Error(`about ${name}`), {
    $metadata: { httpStatusCode: status },
    $response: { statusCode: status, headers },
  });
  error.name = name;
  return error;
}

/** An error as Node throws it for a connection. */
function unanswered(code: string, fields: Record<string, unknown> = {}): Error {
  return Object.assign(new Error(`about ${code}`), { code, ...fields });
}

describe('s3Error', () => {
  it.each([
    [412, 'PreconditionFailed', 'alreadyExists', 'OBJECT_EXISTS'],
    [412, 'Unknown', 'alreadyExists', 'OBJECT_EXISTS'],
    [409, 'ConditionalRequestConflict', 'alreadyExists', 'OBJECT_EXISTS'],
    [409, 'OperationAborted', 'alreadyExists', 'OBJECT_EXISTS'],
    [404, 'NoSuchBucket', 'notFound', 'BUCKET_MISSING'],
    [403, 'AccessDenied', 'unauthorized', 'S3_ACCESS_DENIED'],
    [403, 'Forbidden', 'unauthorized', 'S3_ACCESS_DENIED'],
    [401, 'Unauthorized', 'unauthorized', 'S3_ACCESS_DENIED'],
    [403, 'InvalidAccessKeyId', 'unauthorized', 'S3_ACCESS_KEY_UNKNOWN'],
    [403, 'SignatureDoesNotMatch', 'unauthorized', 'S3_SECRET_WRONG'],
    [400, 'ExpiredToken', 'unauthorized', 'S3_CREDENTIALS_EXPIRED'],
    [403, 'RequestTimeTooSkewed', 'unauthorized', 'S3_CLOCK_SKEW'],
    [301, 'PermanentRedirect', 'invalid', 'S3_REGION'],
    [307, 'TemporaryRedirect', 'invalid', 'S3_REGION'],
    [301, 'Error', 'invalid', 'S3_REGION'],
    [400, 'AuthorizationHeaderMalformed', 'invalid', 'S3_REGION'],
    [503, 'SlowDown', 'unavailable', 'S3_SLOW_DOWN'],
    [429, 'TooManyRequests', 'unavailable', 'S3_SLOW_DOWN'],
    [503, 'Error', 'indefinite', 'S3_FAILED'],
    [500, 'InternalError', 'indefinite', 'S3_FAILED'],
    [502, 'SyntaxError', 'indefinite', 'S3_FAILED'],
    [504, 'GatewayTimeout', 'indefinite', 'S3_FAILED'],
    [200, 'SyntaxError', 'indefinite', 'S3_FAILED'],
    [507, 'InsufficientStorage', 'unavailable', 'OBJECT_STORE_FULL'],
    [400, 'IncompleteBody', 'unavailable', 'S3_BODY'],
    [400, 'XAmzContentSHA256Mismatch', 'unavailable', 'S3_BODY'],
    [501, 'NotImplemented', 'invalid', 'S3_UNSUPPORTED'],
    [405, 'MethodNotAllowed', 'invalid', 'S3_UNSUPPORTED'],
    [400, 'InvalidArgument', 'invalid', 'S3_REJECTED'],
    [400, 'constructor', 'invalid', 'S3_REJECTED'],
  ])('takes the answer %i %s to a put for %s %s (B-18)', (status, name, kind, reason) => {
    expect(s3Error(answered(status, name), PUT)).toMatchObject({ kind, reason });
  });

  it.each([
    [404, 'NoSuchKey', 'notFound', 'OBJECT_MISSING'],
    [404, 'XAdminUserNotFound', 'unauthorized', 'S3_ACCESS_KEY_UNKNOWN'],
    [404, 'NotFound', 'unavailable', 'S3_NOT_FOUND'],
    [404, 'SyntaxError', 'unavailable', 'S3_NOT_FOUND'],
    [500, 'InternalError', 'unavailable', 'S3_FAILED'],
    [503, 'Error', 'unavailable', 'S3_FAILED'],
    [503, 'SlowDown', 'unavailable', 'S3_SLOW_DOWN'],
    [200, 'SyntaxError', 'unavailable', 'S3_FAILED'],
  ])('takes the answer %i %s to a read for %s %s', (status, name, kind, reason) => {
    expect(s3Error(answered(status, name), READ)).toMatchObject({ kind, reason });
  });

  it.each([
    ['ECONNREFUSED', {}, 'unavailable', 'S3_UNREACHABLE'],
    ['ENOTFOUND', {}, 'unavailable', 'S3_UNREACHABLE'],
    ['ETIMEDOUT', { syscall: 'connect' }, 'unavailable', 'S3_UNREACHABLE'],
    ['CERT_HAS_EXPIRED', {}, 'unavailable', 'S3_UNREACHABLE'],
    ['ECONNRESET', { name: 'TimeoutError' }, 'indefinite', 'S3_CONNECTION'],
    ['EPIPE', {}, 'indefinite', 'S3_CONNECTION'],
    ['ETIMEDOUT', {}, 'indefinite', 'S3_CONNECTION'],
  ])('takes %s %o of the connection of a put for %s %s', (code, fields, kind, reason) => {
    expect(s3Error(unanswered(code, fields), PUT)).toMatchObject({ kind, reason });
  });

  it('takes every loss of the connection of a read for unavailable', () => {
    expect(s3Error(unanswered('ECONNRESET'), READ)).toMatchObject({
      kind: 'unavailable',
      reason: 'S3_CONNECTION',
    });
    expect(s3Error('what?', READ)).toMatchObject({ kind: 'unavailable', reason: 'S3_CONNECTION' });
  });

  it('tells a connection that was never made from one that was lost', () => {
    const late = new Error(
      'the request socket did not establish a connection with the server in time',
    );
    late.name = 'TimeoutError';
    expect(s3Error(late, PUT)).toMatchObject({ kind: 'unavailable', reason: 'S3_UNREACHABLE' });
  });

  it('says that no credentials were found', () => {
    const error = new Error('Could not load credentials from any providers');
    error.name = 'CredentialsProviderError';
    const missing = { kind: 'unauthorized', reason: 'S3_CREDENTIALS_MISSING' };
    expect(s3Error(error, PUT)).toMatchObject(missing);
    expect(s3Error(Object.assign(error, { code: 'ENOENT' }), PUT)).toMatchObject(missing);
  });

  it('names the right region when it is told', () => {
    const header = s3Error(
      answered(301, 'PermanentRedirect', { 'X-Amz-Bucket-Region': 'eu-west-1' }),
      READ,
    );
    expect(header.message).toContain('another region than us-east-1. Set the region eu-west-1.');
    expect(header.details).toMatchObject({ region: 'eu-west-1', status: '301', bucket: 'logs' });
    const field = Object.assign(answered(400, 'AuthorizationHeaderMalformed'), {
      Region: 'sa-east-1',
    });
    expect(s3Error(field, READ).message).toContain('Set the region sa-east-1.');
    expect(s3Error(answered(301, 'PermanentRedirect'), READ).message).toContain(
      'Set its region or endpoint.',
    );
  });

  it('passes on how long the store wants to be left alone', () => {
    expect(s3Error(answered(503, 'SlowDown', { 'retry-after': '2' }), PUT).retryAfterMs).toBe(
      2_000,
    );
    expect(
      s3Error(answered(503, 'SlowDown', { 'retry-after': 'soon' }), PUT).retryAfterMs,
    ).toBeUndefined();
  });

  it('names what was done, where, and the answer', () => {
    const error = s3Error(answered(404, 'NoSuchBucket', { 'x-amz-request-id': 'r-1' }), PUT);
    expect(error.message).toMatch(/^Writing a\/b in bucket logs: .*\(404 NoSuchBucket\)$/);
    expect(error.details).toEqual({
      bucket: 'logs',
      code: 'NoSuchBucket',
      status: '404',
      requestId: 'r-1',
    });
  });

  it('passes on nothing of the signed request', () => {
    const leaky = Object.assign(
      answered(403, 'SignatureDoesNotMatch', { authorization: 'TOKEN' }),
      {
        CanonicalRequest: 'x-amz-security-token:TOKEN',
        StringToSign: 'TOKEN',
        AWSAccessKeyId: 'TOKEN',
      },
    );
    const error = s3Error(leaky, PUT);
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain('TOKEN');
  });
});

describe('s3TimeoutError', () => {
  it('does not know what became of a put, and lets a read be repeated', () => {
    expect(s3TimeoutError(PUT, 5_000)).toMatchObject({ kind: 'indefinite', reason: 'S3_TIMEOUT' });
    expect(s3TimeoutError(READ, 5_000)).toMatchObject({
      kind: 'unavailable',
      reason: 'S3_TIMEOUT',
    });
    expect(s3TimeoutError(READ, 5_000).message).toContain('5000 ms');
  });
});
