/** an agent tells what it speaks, to grpcurl as to any client of reflection. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { findGoTool } from '../harness/go-tool.ts';
import { Target, TARGET_TOPIC } from '../harness/target.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const execute = promisify(execFile);
const grpcurl = await findGoTool({
  name: 'grpcurl',
  module: 'github.com/fullstorydev/grpcurl/cmd/grpcurl',
  version: 'v1.9.3',
  purpose: 'tests of reflection',
});
if ('reason' in grpcurl) console.error(`SKIPPED, the tests with grpcurl: ${grpcurl.reason}`);

let target: Target;
beforeAll(async () => {
  target = await Target.start();
});
afterAll(() => target?.[Symbol.asyncDispose]());

describe.skipIf('reason' in grpcurl)('A-02 grpcurl', () => {
  async function run(...args: string[]): Promise<string> {
    if ('reason' in grpcurl) throw new Error(grpcurl.reason);
    const { stdout } = await execute(grpcurl.path, ['-plaintext', ...args]);
    return stdout;
  }

  test('lists the services', async () => {
    expect((await run(target.address, 'list')).trim().split('\n')).toEqual(
      expect.arrayContaining([
        'grpc.health.v1.Health',
        'streamhouse.v1.AdminService',
        'streamhouse.v1.ConsumerService',
        'streamhouse.v1.MetadataService',
        'streamhouse.v1.ProducerService',
      ]),
    );
  });

  test('describes a service, a message of it and what that is made of', async () => {
    const service = await run(target.address, 'describe', 'streamhouse.v1.ProducerService');
    expect(service).toContain('rpc Produce ( .streamhouse.v1.ProduceRequest )');
    expect(service).toContain('stream .streamhouse.v1.ProduceStreamRequest');
    const message = await run(target.address, 'describe', 'streamhouse.v1.ProduceRequest');
    expect(message).toContain('repeated .streamhouse.v1.ProduceRecord records = 3;');
    expect(message).toContain('optional int32 partition = 2;');
  });

  test('produces a record and fetches it', async () => {
    const value = Buffer.from('from grpcurl').toString('base64');
    const request = { topic: TARGET_TOPIC, partition: 2, records: [{ value }] };
    const produced = await run(
      ...['-d', JSON.stringify(request), target.address, 'streamhouse.v1.ProducerService/Produce'],
    );
    const { positions } = JSON.parse(produced) as {
      positions: { partition: number; offset: string }[];
    };
    expect(positions).toMatchObject([{ partition: 2, offset: '1' }]);
    const fetched = await target.fetchOne({ partition: 2, offset: 1 });
    expect(fetched.recordBatches.toString()).toContain('from grpcurl');
  });

  test('sees a refusal with its reason', async () => {
    const method = 'streamhouse.v1.AdminService/DescribeTopic';
    const refused = run('-d', '{"name":"nowhere"}', target.address, method);
    await expect(refused).rejects.toMatchObject({
      stderr: expect.stringMatching(/Code: NotFound[\s\S]*there is no topic "nowhere"/),
    });
  });

  test('sees the health', async () => {
    const answer = await run(target.address, 'grpc.health.v1.Health/Check');
    expect(JSON.parse(answer)).toEqual({ status: 'SERVING' });
  });
});
