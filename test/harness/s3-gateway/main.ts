/**
 * The gateway as its own process. Prints one line of JSON with the URL when it is ready, and on SIGTERM or SIGINT one
 * with its counters and violations.
 *
 *     node test/harness/s3-gateway/main.ts --root DIR [--port N] [--bucket NAME] [--access-key ID] [--secret-key KEY]
 *       [--latency-p50 MS --latency-p99 MS [--seed N]]
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { type FaultRule, latencyRule } from './fault.ts';
import { startS3Gateway } from './gateway.ts';

const { values } = parseArgs({
  options: {
    root: { type: 'string' },
    port: { type: 'string', default: '0' },
    bucket: { type: 'string', default: 'streamhouse-data' },
    'access-key': { type: 'string', default: 'test' },
    'secret-key': { type: 'string', default: 'test-secret' },
    'latency-p50': { type: 'string' },
    'latency-p99': { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});

function latency(): { rules?: FaultRule } {
  const { 'latency-p50': p50, 'latency-p99': p99, seed } = values;
  if (p50 === undefined && p99 === undefined) return {};
  if (p50 === undefined || p99 === undefined)
    throw new Error('--latency-p50 and --latency-p99 need each other');
  return { rules: latencyRule({ p50Ms: Number(p50), p99Ms: Number(p99), seed: Number(seed) }) };
}

if (values.root === undefined) throw new Error('--root DIR is missing');
await using gateway = await startS3Gateway({
  root: values.root,
  port: Number(values.port),
  bucket: values.bucket,
  accessKeyId: values['access-key'],
  secretAccessKey: values['secret-key'],
  ...latency(),
});
console.log(JSON.stringify({ url: gateway.url }));
await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
console.log(JSON.stringify({ counters: gateway.counters, violations: gateway.violations }));
