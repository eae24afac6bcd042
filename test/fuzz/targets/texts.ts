/** Names, options and settings: text that people write. */
import assert from 'node:assert/strict';
import { readAgentSettings, SettingsError } from '@streamhouse/agent/settings.ts';
import * as options from '@streamhouse/cli/options.ts';
import { parseBootstrap } from '@streamhouse/client/cluster/bootstrap.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { checkTopicName } from '@streamhouse/core/topic-name.ts';
import { readCommand } from '@streamhouse/standalone/settings.ts';
import { type Decoder, decoded } from '../decoder.ts';
import type { Seed } from '../target.ts';

function seedsOf(texts: readonly string[]): readonly Seed[] {
  return texts.map((text, index) => ({ name: `text-${index}`, bytes: Buffer.from(text) }));
}

function textCheck(check: (text: string) => void): (input: Uint8Array) => void {
  return (input) => check(Buffer.from(input).toString());
}

const NAMES = [
  'orders',
  '../../etc',
  'a/b',
  '.',
  '__internal',
  'a.b_c',
  '%2e%2e',
  'оrders',
  '😀\0',
];

function checkName(text: string): void {
  const isAccepted = decoded(() => (checkTopicName(text), true)) ?? false;
  const isName = /^(?!__)(?!\.\.?$)[\w.-]{1,249}$/.test(text) && !text.endsWith('\n');
  assert.equal(isAccepted, isName);
}

const ADDRESSES = ['localhost:9090', 'a:1,b:65535,[::1]:9090', 'http://a:1', ':1', 'a:99999', ','];

function checkAddresses(text: string): void {
  for (const address of decoded(() => parseBootstrap(text)) ?? []) {
    assert.match(address, /^\S+:\d{1,5}$/);
    assert(Number(address.split(':').at(-1)) <= 65_535);
  }
}

const WORDS = [
  '7',
  '1e3',
  '0x10',
  'earliest',
  '2026-01-31T12:00:00.5+01:00',
  '7d',
  '10GiB',
  'a=b=c',
];

function checkWord(text: string): void {
  const parse = <T>(parser: (word: string) => T): T | undefined =>
    decoded(() => parser(text), isUsage);
  assertIn(parse(options.parsePartition), 0, LIMITS.topicPartitionsMax - 1);
  assertIn(parse(options.parsePartitionCount), 1, LIMITS.topicPartitionsMax);
  assertIn(parse(options.parseCount), 1, Number.MAX_SAFE_INTEGER);
  assertIn(parse(options.parseRetention), -1, Number.MAX_SAFE_INTEGER);
  assertIn(parse(options.parseBytes), -1, Number.MAX_SAFE_INTEGER);
  const from = parse(options.parseFrom);
  if (from?.at === 'offset') assertIn(from.offset, 0, Number.MAX_SAFE_INTEGER);
  if (from?.at === 'time') assert(Number.isSafeInteger(from.timestampMs));
  assert.notEqual(parse(options.parseSeparator), '');
  const pairs = parse((word) => options.collectPair(word)) ?? [];
  for (const [name, value] of pairs) assert.equal(`${name}=${value}`, text);
}

/** What commander has for a word that is wrong. */
function isUsage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'commander.invalidArgument';
}

function assertIn(value: number | undefined, min: number, max: number): void {
  if (value === undefined) return;
  assert(Number.isSafeInteger(value) && value >= min && value <= max, `${value}`);
}

/** One `NAME=value` a line. */
const ENVIRONMENTS = [
  'METADATA_STORE=postgresql://u:canary-of-pg@h:5432/d\nSTREAMHOUSE_OBJECTS_DIR=/objects',
  'METADATA_STORE=mysql://u:canary-of-pg@h\nAGENT_ADDRESS=[::1]:9090\nHEARTBEAT_INTERVAL=500ms\nSESSION_TIMEOUT=3s',
  'METADATA_STORE=postgres://h/d\nAWS_ENDPOINT_URL=http://s3:9000\nAWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=canary-of-s3\nSTREAMHOUSE_PREFIX=a/b',
  'METADATA_STORE_FILE=/secret\nMETADATA_STORE=x\nMANAGED_TOPICS=a, b,../c\nFLUSH_MAX_BYTES=8Mi\nFLUSH_MAX_PUTS_PER_SECOND=0.5',
  'STREAMHOUSE_CACHE=1.5Gi\nDRAIN_TIMEOUT=60\nEXIT_ON_STDIN_CLOSE=true\nLOG_LEVEL=warn\nMETRICS_PORT=65536\nAGENT_ID=..',
];

const SECRETS = new Set(['METADATA_STORE', 'AWS_SECRET_ACCESS_KEY']);

function checkEnvironment(text: string): void {
  const env = Object.fromEntries(
    text.split('\n').map((line): [string, string] => {
      const at = line.indexOf('=');
      return [line.slice(0, Math.max(0, at)), line.slice(at + 1)];
    }),
  );
  // Not where a mutation has put it into what is no secret.
  const shown = Object.entries(env).filter(([name]) => !SECRETS.has(name));
  const canary = shown.some(([, value]) => value.includes('canary')) ? /^$/ : /canary/;
  const read = decoded(
    () =>
      readAgentSettings({ env, hostName: 'host', readFile: () => 'postgres://h/canary-of-file' }),
    (error) => {
      if (error instanceof SettingsError) assert.doesNotMatch(error.message, canary);
      return error instanceof SettingsError;
    },
  );
  if (read === undefined) return;
  assertIn(read.listen.port, 0, 65_535);
  assertIn(read.metricsPort, 0, 65_535);
  assert(read.sessionTimeoutMs >= 2 * read.heartbeatIntervalMs);
  assert(read.flush.bytesMax <= LIMITS.objectBytesMax / 2);
  assert(read.prefix === '' || /^[\w.-][\w./-]*\/$/.test(read.prefix), read.prefix);
  for (const topic of read.managedTopics) checkTopicName(topic);
  assert.doesNotMatch(JSON.stringify(read), canary);
}

/** One word a line. */
const COMMANDS = [
  '--home\n/data\n--agents\n3\n--auto-port',
  '--agents=0\n--agent-port\n9090\n--metrics-port\n9091\nextra',
  '--s3\nhttp://s3:9000\n--bucket\nb\n--postgres\npostgres://u:p@h/d\n--ready-file\nx',
  '--help',
  '--\n-x\n--no-auto-port\n--__proto__\n1',
];

function checkCommand(text: string): void {
  const command = readCommand({ words: text.split('\n'), env: {}, workingDirectory: '/data' });
  if (command.kind !== 'start') return;
  const { agentPort, agentCount = 3 } = command.settings;
  assertIn(agentCount, 1, 32);
  assertIn(agentPort + agentCount - 1, 0, 65_535);
  assert(command.settings.home.startsWith('/'));
}

export const TEXT_DECODERS: readonly Decoder[] = [
  { name: 'topic-name', seeds: () => seedsOf(NAMES), check: textCheck(checkName) },
  { name: 'bootstrap', seeds: () => seedsOf(ADDRESSES), check: textCheck(checkAddresses) },
  { name: 'cli-options', seeds: () => seedsOf(WORDS), check: textCheck(checkWord) },
  {
    name: 'agent-settings',
    seeds: () => seedsOf(ENVIRONMENTS),
    check: textCheck(checkEnvironment),
  },
  { name: 'start-command', seeds: () => seedsOf(COMMANDS), check: textCheck(checkCommand) },
];
