import { StreamError } from '@streamhouse/client/mod.ts';
import { describe, expect, it } from 'vitest';
import { CommandError, EXIT, errorLine, exitCodeOf } from './exit-code.ts';
import { InputError } from './input/splitter.ts';

describe('exitCodeOf', () => {
  it.each([
    ['invalid', 2],
    ['outOfRange', 2],
    ['unauthorized', 3],
    ['notFound', 4],
    ['unavailable', 5],
    ['overloaded', 5],
    ['indefinite', 5],
    ['alreadyExists', 1],
    ['corrupt', 1],
    ['internal', 1],
  ] as const)('is for %s %d', (kind, exitCode) => {
    expect(exitCodeOf(new StreamError(kind, 'REASON', 'message'))).toBe(exitCode);
  });

  it('is failed for a record that no wait makes smaller', () => {
    expect(exitCodeOf(new StreamError('overloaded', 'RECORD_TOO_LARGE', 'too large'))).toBe(1);
  });

  it('is failed for bad input and for a bug', () => {
    expect(exitCodeOf(new InputError('line 1 is no JSON'))).toBe(1);
    expect(exitCodeOf(new TypeError('oops'))).toBe(1);
  });
});

describe('errorLine', () => {
  it('is one line of cause and next step', () => {
    const error = new StreamError('unavailable', 'CONNECT_FAILED', 'no agent at\n  a:1, b:2.');
    expect(errorLine(error)).toMatch(
      /^streamhouse: no agent at a:1, b:2; start a cluster with "npm start"[^\n]*$/,
    );
  });

  it('says that a server does not know the call', () => {
    const error = new StreamError('internal', 'GRPC_12', 'unknown method');
    expect(errorLine(error)).toContain('another version');
    const cause = new AggregateError([new StreamError('unavailable', 'GRPC_14', 'gone'), error]);
    const failed = new StreamError('unavailable', 'CONNECT_FAILED', 'no agent answers', { cause });
    expect(errorLine(failed)).toContain('another version');
  });

  it('names the resource that manages a topic, and how to change it', () => {
    const message = 'topic "orders.v1" is managed by the Kubernetes resource shop/orders';
    const details = { resource: 'shop/orders' };
    const error = new StreamError('conflict', 'TOPIC_MANAGED', message, { details });
    expect(errorLine(error)).toBe(
      `streamhouse: ${message}; change the resource instead: "kubectl edit sht orders -n shop", or its file and "streamhouse apply"`,
    );
  });

  it('lets nothing of a message reach the terminal as a command', () => {
    const error = new CommandError(EXIT.failed, 'topic \u001b[2J\u009b is gone');
    expect(errorLine(error)).toBe('streamhouse: topic \\u001b[2J\\u009b is gone');
  });
});
