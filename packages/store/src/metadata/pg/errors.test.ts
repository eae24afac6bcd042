import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import { connectFailure, isConnectionUsable, statementFailure } from './errors.ts';

function serverError(severity: string, code: string): DatabaseError {
  const error = new DatabaseError('said the server', 1, 'error');
  error.severity = severity;
  error.code = code;
  return error;
}

const LOST = new Error('Connection terminated unexpectedly');

test.each([
  ['ERROR', '57014', 'unavailable'],
  ['ERROR', '40001', 'unavailable'],
  ['ERROR', '40P01', 'unavailable'],
  ['ERROR', '55P03', 'unavailable'],
  ['ERROR', '25006', 'unavailable'],
  ['ERROR', '53100', 'unavailable'],
  ['ERROR', '42501', 'unauthorized'],
  ['ERROR', '23505', 'internal'],
  ['ERROR', 'SH001', 'fenced'],
  // The commit may have happened before these end the connection.
  ['FATAL', '57P01', 'indefinite'],
  ['PANIC', '53100', 'indefinite'],
  ['FATAL', '25P04', 'indefinite'],
])('I-11: a write that fails with %s %s is %s', (severity, code, kind) => {
  expect(statementFailure(serverError(severity, code), 'host:1', 'write').kind).toBe(kind);
});

test('I-11: a write without an answer is indefinite, a read is not', () => {
  expect(statementFailure(LOST, 'host:1', 'write').kind).toBe('indefinite');
  expect(statementFailure(LOST, 'host:1', 'read').kind).toBe('unavailable');
});

test('a connection that did not come to stand did nothing', () => {
  expect(connectFailure(LOST, 'host:1').kind).toBe('unavailable');
  expect(connectFailure(serverError('FATAL', '57P03'), 'host:1').kind).toBe('unavailable');
  expect(connectFailure(serverError('FATAL', '53300'), 'host:1').reason).toBe(
    'POSTGRES_CONNECTIONS',
  );
});

test('a connection is used again only after a plain error of a server that can be written to', () => {
  expect(isConnectionUsable(serverError('ERROR', '23505'))).toBe(true);
  expect(isConnectionUsable(serverError('ERROR', '25006'))).toBe(false);
  expect(isConnectionUsable(serverError('FATAL', '57P01'))).toBe(false);
  expect(isConnectionUsable(LOST)).toBe(false);
  expect(isConnectionUsable(new Error('Query read timeout'))).toBe(false);
});
