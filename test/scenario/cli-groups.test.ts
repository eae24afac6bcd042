/**
 * Consumer groups by the `streamhouse` command, a process of its own against a cluster of real processes: what it printed as a
 * member is committed when it ends, and a reset tells what it changes before it does.
 */
import { once } from 'node:events';
import { PassThrough, type Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { CliContext } from '@streamhouse/cli/context.ts';
import { Sink } from '@streamhouse/cli/output/sink.ts';
import { runProgram } from '@streamhouse/cli/program.ts';
import {
  type Admin,
  connectAdmin,
  connectConsumer,
  connectProducer,
  type Consumer,
  type Producer,
} from '@streamhouse/client/mod.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { type Command, type CommandEnd, runCommand, startCommand } from '../harness/command.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const PARTITIONS = 4;

let cluster: Cluster;
let admin: Admin;
let producer: Producer;
const parts = new AsyncDisposableStack();

beforeAll(async () => {
  cluster = parts.use(await startCluster({ agents: 2, objects: 'directory' }));
  admin = parts.use(await connectAdmin({ bootstrap: cluster.bootstrap }));
  producer = parts.use(await connectProducer({ bootstrap: cluster.bootstrap }));
});
afterAll(() => parts.disposeAsync());

function output(...args: string[]): Promise<string> {
  return runCommand(cluster.bootstrap, ...args);
}

async function failed(...args: string[]): Promise<CommandEnd> {
  const { child, ended } = startCommand(cluster.bootstrap, ...args);
  child.stdin.end();
  return await ended;
}

/** Values `from` to `from + count - 1`, dealt over the partitions in turn. */
async function fill(topic: string, count: number, from = 0): Promise<string[]> {
  const values = Array.from({ length: count }, (_, index) => `${from + index}`);
  await producer.sendBatch(
    topic,
    values.map((value, index) => ({ value, partition: index % PARTITIONS })),
  );
  return values;
}

/** A topic of four partitions that has so many records. */
async function makeTopic(name: string, records: number): Promise<string[]> {
  await admin.createTopic({ name, partitions: PARTITIONS });
  return await fill(name, records);
}

function lines(printed: string): string[] {
  return printed === '' ? [] : printed.trimEnd().split('\n');
}

/** By number. */
function sorted(values: readonly string[]): string[] {
  return values.toSorted((a, b) => Number(a) - Number(b));
}

async function committed(groupId: string): Promise<number[]> {
  const { offsets } = await admin.describeGroup(groupId);
  return offsets.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => offset);
}

/** `consume --group` that goes on until it is told to end, and what it has printed so far. */
function follow(topic: string, groupId: string): Command & { printed: () => string[] } {
  const words = ['--group', groupId, '--follow', '--from', 'earliest'];
  const command = startCommand(cluster.bootstrap, 'consume', topic, ...words);
  let said = '';
  command.child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return { ...command, printed: () => lines(said.slice(0, said.lastIndexOf('\n') + 1)) };
}

/** A member of the group and topic of that name, which owns all and commits nothing. */
async function silentMember(name: string, signal: AbortSignal): Promise<Consumer> {
  const { bootstrap } = cluster;
  const member = await connectConsumer({ bootstrap, groupId: name, autoCommit: false });
  await member.subscribe([name]);
  await until(() => member.assignment().length === PARTITIONS, signal);
  return member;
}

async function stop({ child, ended }: Command): Promise<string[]> {
  child.kill('SIGINT');
  const { exitCode, stdout, stderr } = await ended;
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  return lines(stdout);
}

function contextOf(stdin: Readable, stdout: Sink, stderr: Sink): CliContext {
  return {
    stdin,
    stdout,
    stderr,
    progressStream: undefined,
    bootstrap: cluster.bootstrap.join(),
    server: undefined,
    clock: systemClock,
    interrupted: new AbortController().signal,
  };
}

/** The command on a terminal on which somebody types `answer`. */
async function onTerminal(answer: string, ...args: string[]): Promise<CommandEnd> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const said = Promise.all([text(stdout), text(stderr)]);
  stdin.end(`${answer}\n`);
  const exitCode = await runProgram(
    args,
    contextOf(Object.assign(stdin, { isTTY: true }), new Sink(stdout), new Sink(stderr)),
  );
  stdout.end();
  stderr.end();
  const [out, errors] = await said;
  return { exitCode, stdout: out, stderr: errors };
}

describe('consume --group', () => {
  test('prints what the group has not read, and commits it', async () => {
    const first = await makeTopic('read-on', 40);
    const consume = ['consume', 'read-on', '--group', 'read-on'];
    expect(sorted(lines(await output(...consume)))).toEqual(first);
    expect(await committed('read-on')).toEqual([10, 10, 10, 10]);
    expect(await output(...consume)).toBe('');
    const second = await fill('read-on', 8, 40);
    expect(sorted(lines(await output(...consume)))).toEqual(second);
  });

  test('commits no more than --max let it print', async () => {
    const all = await makeTopic('bounded', 40);
    const consume = ['consume', 'bounded', '--group', 'bounded'];
    const printed: string[] = [];
    for (const max of ['1', '17']) {
      const some = lines(await output(...consume, '--max', max));
      expect(some).toHaveLength(Number(max));
      printed.push(...some);
    }
    printed.push(...lines(await output(...consume)));
    expect(sorted(printed)).toEqual(all);
  });

  test('begins at the end where the group has committed nothing and --from says so', async () => {
    await makeTopic('fresh', 8);
    const consume = ['consume', 'fresh', '--group', 'fresh', '--from', 'latest'];
    expect(await output(...consume)).toBe('');
  });

  test('shares the partitions with the other members, and ends when all of them are read', async () => {
    const all = await makeTopic('shared', 400);
    const consume = ['consume', 'shared', '--group', 'shared'];
    const printed = await Promise.all([output(...consume), output(...consume)]);
    expect(sorted(printed.flatMap(lines))).toEqual(all);
    expect(await committed('shared')).toEqual([100, 100, 100, 100]);
  });

  test('follows, and what it printed is committed when Ctrl-C ends it', async ({ signal }) => {
    const first = await makeTopic('followed', 40);
    const one = follow('followed', 'followed');
    await until(() => one.printed().length === 40, signal);
    const two = follow('followed', 'followed');
    await until(async () => (await admin.describeGroup('followed')).members === 2, signal);
    const second = await fill('followed', 40, 40);
    await until(() => one.printed().length + two.printed().length >= 80, signal);
    const printed = [...(await stop(one)), ...(await stop(two))];
    expect(new Set(printed)).toEqual(new Set([...first, ...second]));
    expect(await committed('followed')).toEqual([20, 20, 20, 20]);
    expect((await admin.describeGroup('followed')).members).toBe(0);
  });

  test('B-16 loses nothing that its reader did not take before it went away', async () => {
    const all = await makeTopic('cut', 40_000);
    const { child, ended } = startCommand(cluster.bootstrap, 'consume', 'cut', '--group', 'cut');
    const exit = once(child, 'exit');
    const stderr = text(child.stderr);
    let taken: string[] = [];
    child.stdout.once('data', (chunk: Buffer) => {
      taken = chunk.toString().split('\n').slice(0, -1);
      child.stdout.destroy();
    });
    await expect(ended).rejects.toThrow('Premature close');
    expect(await exit).toEqual([0, null]);
    expect(await stderr).toBe('');
    const rest = lines(await output('consume', 'cut', '--group', 'cut'));
    expect(rest.length).toBeGreaterThan(0);
    expect(new Set([...taken, ...rest])).toEqual(new Set(all));
  });
});

describe('consume --group that is interrupted', () => {
  test('commits also what it was about to print just then', async () => {
    await makeTopic('interrupted', 40);
    const interruption = new AbortController();
    const stdout = new Writable({
      write(_chunk, _encoding, done) {
        interruption.abort();
        done();
      },
    });
    const words = ['consume', 'interrupted', '--group', 'interrupted', '--follow'];
    const exitCode = await runProgram([...words, '--from', 'earliest'], {
      ...contextOf(new PassThrough(), new Sink(stdout), new Sink(new PassThrough())),
      interrupted: interruption.signal,
    });
    expect(exitCode).toBe(0);
    expect((await committed('interrupted')).some((offset) => offset > 0)).toBe(true);
  });

  test('ends soon when nobody is there to commit to, and says so', async () => {
    await using alone = await startCluster({ agents: 1, objects: 'directory' });
    await using sending = await connectProducer({ bootstrap: alone.bootstrap });
    await using its = await connectAdmin({ bootstrap: alone.bootstrap });
    await its.createTopic({ name: 'left', partitions: 1 });
    await sending.sendBatch('left', [{ value: 'one' }]);
    const pid = alone.agents[0]!.pid!;
    const interruption = new AbortController();
    const stderr = new PassThrough();
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => {
        process.kill(pid, 'SIGSTOP');
        interruption.abort();
        done();
      },
    });
    const words = ['consume', 'left', '--group', 'left', '--follow', '--from', 'earliest'];
    const exitCode = await runProgram(words, {
      ...contextOf(new PassThrough(), new Sink(stdout), new Sink(stderr)),
      bootstrap: alone.bootstrap.join(),
      interrupted: interruption.signal,
    });
    process.kill(pid, 'SIGCONT');
    expect(String(stderr.read())).toContain('what was printed last is not committed');
    expect(exitCode).toBe(5);
  });
});

describe('groups', () => {
  test('are listed and described: who owns what, and how far it is behind', async ({ signal }) => {
    await makeTopic('described', 40);
    await output('consume', 'described', '--group', 'described', '--max', '13');
    const idle = JSON.parse(await output('groups', 'describe', 'described', '--output', 'json'));
    expect(idle).toMatchObject({ state: 'empty', members: 0, lag: 27 });
    expect(idle.lagSeconds).toBeGreaterThan(0);

    const member = follow('described', 'described');
    await until(() => member.printed().length === 27, signal);
    const live = JSON.parse(await output('groups', 'describe', 'described', '--output', 'json'));
    expect(live).toMatchObject({ state: 'stable', members: 1, assignor: 'sticky' });
    expect(live.coordinator).toMatch(/^agent-/);
    const [{ memberId, clientId, partitions }] = live.memberDescriptions;
    expect(clientId).toBe('streamhouse-consume');
    expect(partitions).toHaveLength(PARTITIONS);
    expect(live.partitionDescriptions).toHaveLength(PARTITIONS);
    for (const each of live.partitionDescriptions) {
      expect(each).toMatchObject({ topic: 'described', highWatermark: 10, memberId });
    }
    const table = await output('groups', 'describe', 'described');
    expect(table).toMatch(/^GROUP +STATE +GENERATION +ASSIGNOR +COORDINATOR +LAG +LAG SECONDS\n/);
    expect(table).toContain('described 0-3');
    expect(table).toMatch(/^TOPIC +PARTITION +COMMITTED +END +LAG +LAG SECONDS +MEMBER\n/m);
    expect(await output('groups', 'list')).toMatch(/^described +stable +1 +\d+ +sticky$/m);
    const listed = JSON.parse(await output('groups', 'list', '--output', 'json')) as unknown[];
    expect(listed).toContainEqual(
      expect.objectContaining({ groupId: 'described', state: 'stable', members: 1 }),
    );
    await stop(member);
  });

  test('show an owned partition that nothing is committed of', async ({ signal }) => {
    await makeTopic('untouched', 0);
    await using member = await silentMember('untouched', signal);
    const table = await output('groups', 'describe', 'untouched');
    const { memberId } = member.membership() ?? {};
    expect(table).toMatch(new RegExp(`^untouched +3 +- +0 +- +- +${memberId}$`, 'm'));
  });

  test('are deleted when they have no members', async ({ signal }) => {
    await makeTopic('deleted', 4);
    const member = follow('deleted', 'deleted');
    await until(() => member.printed().length === 4, signal);
    const refused = await failed('groups', 'delete', 'deleted');
    expect(refused.stderr).toMatch(/^streamhouse: [^\n]*stop them first[^\n]*\n$/);
    expect(refused.exitCode).toBe(1);
    await stop(member);
    expect(await output('groups', 'delete', 'deleted')).toBe('group deleted deleted\n');
    expect(await output('groups', 'delete', 'deleted', '--if-exists')).toContain('is not there');
  });

  test.each([
    ['groups', 'describe', 'nowhere'],
    ['groups', 'delete', 'nowhere'],
    ['groups', 'reset', 'nowhere', '--to', 'earliest', '--dry-run'],
  ])('B-16 end with 4 when the group of %s %s is not there', async (...args) => {
    const { exitCode, stderr } = await failed(...args);
    expect(stderr).toMatch(/^streamhouse: [^\n]*nowhere[^\n]*groups list[^\n]*\n$/);
    expect(exitCode).toBe(4);
  });
});

describe('groups reset (G-07)', () => {
  /** A group that has read all 40 records of its topic. */
  async function readTopic(name: string): Promise<void> {
    await makeTopic(name, 40);
    await output('consume', name, '--group', name);
  }

  test('sets offsets by each of the targets', async () => {
    await readTopic('targets');
    const reset = ['groups', 'reset', 'targets', '--yes', '--to'];
    await output(...reset, '-3');
    expect(await committed('targets')).toEqual([7, 7, 7, 7]);
    await output(...reset, '+2');
    expect(await committed('targets')).toEqual([9, 9, 9, 9]);
    await output(...reset, '4', '--topic', 'targets', '--partition', '1', '--partition', '2');
    expect(await committed('targets')).toEqual([9, 4, 4, 9]);
    await output(...reset, '2000-01-01');
    expect(await committed('targets')).toEqual([0, 0, 0, 0]);
    await output(...reset, 'latest');
    expect(await committed('targets')).toEqual([10, 10, 10, 10]);
    await output(...reset, 'earliest', '--topic', 'targets');
    expect(await committed('targets')).toEqual([0, 0, 0, 0]);
    await output(...reset, '1000');
    expect(await committed('targets')).toEqual([10, 10, 10, 10]);
  });

  test('shows with --dry-run what it would do, and does nothing', async ({ signal }) => {
    await readTopic('rehearsed');
    const member = follow('rehearsed', 'rehearsed');
    await until(async () => (await admin.describeGroup('rehearsed')).members === 1, signal);
    const reset = ['groups', 'reset', 'rehearsed', '--to', '-4', '--dry-run'];
    expect(await output(...reset)).toBe(
      [
        'TOPIC      PARTITION  BEFORE  AFTER  CHANGE',
        ...[0, 1, 2, 3].map(
          (partition) => `rehearsed          ${partition}      10      6      -4`,
        ),
        '1 live member would be expelled',
        'dry run: nothing is changed\n',
      ].join('\n'),
    );
    const change = { topic: 'rehearsed', before: 10, after: 6 };
    expect(JSON.parse(await output(...reset, '--output', 'json'))).toEqual({
      groupId: 'rehearsed',
      isDryRun: true,
      changes: [0, 1, 2, 3].map((partition) => ({ ...change, partition })),
      expelled: 1,
    });
    const toEarliest = ['groups', 'reset', 'rehearsed', '--to', 'earliest', '--dry-run'];
    const { changes } = JSON.parse(await output(...toEarliest, '--output', 'json'));
    expect(changes.map(({ partition }: { partition: number }) => partition)).toEqual([0, 1, 2, 3]);
    expect(await committed('rehearsed')).toEqual([10, 10, 10, 10]);
    expect(await stop(member)).toEqual([]);
  });

  test('makes members that are alive go on from the new offsets', async ({ signal }) => {
    await readTopic('alive');
    const member = follow('alive', 'alive');
    await until(async () => (await admin.describeGroup('alive')).state === 'stable', signal);
    const said = await output('groups', 'reset', 'alive', '--to', '-4', '--yes');
    expect(said).toMatch(/\n1 live member expelled\ngroup alive reset\n$/);
    await until(() => member.printed().length >= 16, signal);
    expect(await stop(member)).toHaveLength(16);
    expect(await committed('alive')).toEqual([10, 10, 10, 10]);
  });

  test('asks on a terminal, and takes nothing but yes for it', async () => {
    await readTopic('asked');
    const reset = ['groups', 'reset', 'asked', '--to', 'earliest'];
    for (const answer of ['n', '', 'yesterday']) {
      const no = await onTerminal(answer, ...reset);
      expect(no.stderr).toContain('asked          0      10      0     -10');
      expect(no.stderr).toMatch(/reset group asked\? \[y\/N\] streamhouse: nothing is changed\n$/);
      expect(no).toMatchObject({ exitCode: 1, stdout: '' });
    }
    expect(await committed('asked')).toEqual([10, 10, 10, 10]);
    const yes = await onTerminal('y', ...reset);
    expect(yes.exitCode).toBe(0);
    expect(yes.stdout).toMatch(/\ngroup asked reset\n$/);
    expect(await committed('asked')).toEqual([0, 0, 0, 0]);
  });

  test('B-05 refuses a partition that is not there, with the valid range', async () => {
    await readTopic('ranged');
    const words = ['--to', '0', '--topic', 'ranged', '--partition', '4', '--yes'];
    const { exitCode, stderr } = await failed('groups', 'reset', 'ranged', ...words);
    expect(stderr).toMatch(/^streamhouse: [^\n]*0\.\.3\n$/);
    expect(exitCode).toBe(2);
  });

  test('expels nobody when there is nothing to set', async ({ signal }) => {
    await makeTopic('nothing', 0);
    await using member = await silentMember('nothing', signal);
    const { memberId } = member.membership() ?? {};
    const words = ['--to', '-1', '--topic', 'nothing', '--yes'];
    expect(await output('groups', 'reset', 'nothing', ...words)).toBe(
      'group nothing has committed nothing to start from\n',
    );
    const { memberDescriptions } = await admin.describeGroup('nothing');
    expect(memberDescriptions.map((one) => one.memberId)).toEqual([memberId]);
  });
});
