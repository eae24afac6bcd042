import { expect, test } from 'vitest';
import { codeBlocks, createdTopics, exampleProgram, isEndless } from './code-blocks.ts';

const NAMES = ['connectProducer', 'connectConsumer', 'connectAdmin', 'StreamError'];
const program = (code: string): string => exampleProgram({ line: 7, code }, NAMES, {});

test('blocks are those of TypeScript that are not only shown, with their lines', () => {
  const page =
    'Text\n\n```ts\none();\ntwo();\n```\n```ts signature\nf(): void\n```\n```js\nx\n```\n```ts\nthree();\n```\n';
  expect(codeBlocks(page)).toEqual([
    { line: 4, code: 'one();\ntwo();\n' },
    { line: 14, code: 'three();\n' },
  ]);
});

test('what a block takes for granted stands before it, and what that uses before that', () => {
  expect(program('console.log(record.offset);').split('\n')).toEqual([
    "import { connectConsumer } from '@streamhouse/client';",
    expect.stringContaining("groupId: 'examples-7'"),
    "await consumer.subscribe(['orders']);",
    'const record = (await consumer.poll(10_000))[0]!;',
    'console.log(record.offset);',
  ]);
});

test.each([
  "import { connectProducer } from '@streamhouse/client';\nconst producer = await connectProducer({});\nawait producer.flush();",
  'const handle = (record: string, order: number) => [record, order];',
  '// the producer and its consumer\nconst a = { record: 1 };\nsend(a.record);',
  "const { producer, admin } = clients;\nconsole.log(producer, admin, 'consumer');",
])('a block that brings its names along gets nothing: %s', (code) => {
  expect(program(code)).toBe(`import {  } from '@streamhouse/client';\n${code}`);
});

test('a consumer that says what it reads is not subscribed first', () => {
  expect(program("await consumer.subscribe(['a']);").match(/subscribe/g)).toHaveLength(1);
});

test('addresses are those of the cluster', () => {
  const block = { line: 1, code: "connect('localhost:9090');" };
  expect(exampleProgram(block, [], { 'localhost:9090': '127.0.0.1:1' })).toContain("'127.0.0.1:1'");
});

test.each([
  ['for await (const one of all) use(one);', true],
  ['for await (const one of all) { use(one); break; }', false],
  ['await consumer.run({ eachRecord });', true],
  ['await producer.flush();', false],
])('%s goes on for ever: %s', (code, expected) => {
  expect(isEndless({ line: 1, code })).toBe(expected);
});

test('the topics that a block makes are known', () => {
  const code =
    "await admin.createTopic({ name: 'a', partitions: 1 });\nawait admin.createTopic({ name: 'b' });";
  expect(createdTopics({ line: 1, code })).toEqual(['a', 'b']);
});
