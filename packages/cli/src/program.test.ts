import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { describe, expect, it } from 'vitest';
import { Sink } from './output/sink.ts';
import { runProgram } from './program.ts';

interface Result {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], bootstrap?: string): Promise<Result> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const output = Promise.all([text(stdout), text(stderr)]);
  const exitCode = await runProgram(args, {
    stdin: Readable.from([]),
    stdout: new Sink(stdout),
    stderr: new Sink(stderr),
    progressStream: undefined,
    bootstrap,
    server: undefined,
    clock: systemClock,
    interrupted: new AbortController().signal,
  });
  stdout.end();
  stderr.end();
  const [out, err] = await output;
  return { exitCode, stdout: out, stderr: err };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('runProgram', () => {
  it.each([
    [
      ['topics', 'crate'],
      /unknown command 'crate' \(Did you mean create\?\); see "streamhouse topics --help"/,
    ],
    [['produce'], /missing required argument 'topic'; see "streamhouse produce --help"/],
    [['consume', 't', '--nope'], /unknown option '--nope'.*; see "streamhouse consume --help"/],
    [['produce', 't', '--partition', '1e3'], /0\.\.9999; see/],
    [['produce', 't', '--partition', '-1'], /0\.\.9999; see/],
    [['consume', 't', '--partition', 'NaN'], /0\.\.9999; see/],
    [['consume', 't', '--partition', '2147483648'], /0\.\.9999; see/],
    [['consume', 't', '--from', '-1'], /"earliest", "latest", an offset, or a time/],
    [['consume', 't', '--from', 'NaN'], /"earliest", "latest", an offset, or a time/],
    [['consume', 't', '--from', '1e3'], /"earliest", "latest", an offset, or a time/],
    [['consume', 't', '--from', '9223372036854775808'], /0\.\.9007199254740991; see/],
    [['consume', 't', '--max', '0'], /1\.\.9007199254740991; see/],
    [['topics', 'list', '--output', 'xml'], /Allowed choices are table, json, yaml; see/],
    [['produce', 't', '--json', '--key-separator', ':'], /with --json use --key-field/],
    [['produce', 't', '--key-field', 'k'], /need --json; add it/],
    [['consume', 't', '--json', '--key-separator', ':'], /--output json has the key/],
    [['topics', 'alter', 't'], /nothing to change is given/],
    [['consume', 't', '--group', 'g', '--partition', '1'], /leave --partition or --group out/],
    [['consume', 't', '--group', 'g', '--from', '7'], /"streamhouse groups reset"; --from takes/],
    [['consume', 't', '--group', 'g', '--from', '2026-01-31'], /earliest or latest with --group/],
    [['groups', 'reset', 'g'], /required option '--to <target>' not specified; see/],
    [['groups', 'reset', 'g', '--to', '1e3'], /"earliest", "latest", an offset, or a time/],
    [['groups', 'reset', 'g', '--to', '-0'], /1\.\.9007199254740991; see/],
    [['groups', 'reset', 'g', '--to', '-7'], /add --yes, or --dry-run to see the changes first/],
    [['groups', 'reset', 'g', '--to', '7', '--yes', '--partition', '0'], /add one --topic/],
    [['groups', 'describe'], /missing required argument 'group'; see "streamhouse groups describe/],
    [['apply'], /required option '-f, --filename <path>' not specified; see/],
    [['get', 'groups'], /there is no kind "groups"; use topics and agentpools/],
    [['get', 'topics', '../x'], /"\.\.\/x" is no name of a resource; use/],
    [['get', 'topic/a', 'topic'], /"topic" is not as in topic\/orders/],
    [['get', 'topic/a', 'agentpool/b'], /one kind is shown at a time/],
    [['get', 'topic/a', '-A'], /leave one out/],
    [['get', 'topics', '-o', 'xml'], /Allowed choices are table, wide, json, yaml/],
    [['get', 'topics', '--server', 'localhost:3001'], /is no URL of a server; use one such as/],
    [['delete'], /there is no kind ""/],
    [['delete', 'topics'], /a name is needed/],
    [['delete', 'topic/a', '-f', 'x.yaml'], /exclude each other/],
    [['scale', 'topic/a', '--replicas', '1'], /topics have no replicas/],
    [['scale', 'agentpool/a', '--replicas', '-1'], /0\.\.2147483647; see/],
    [['topics', '\u001b[2J'], /unknown command '\\u001b\[2J'/],
  ])('B-05 B-16 refuses %j with 2 and one line that has the next step', async (args, line) => {
    const { exitCode, stdout, stderr } = await run(args);
    expect(stderr).toMatch(/^streamhouse: [^\n]+\n$/);
    expect(stderr).toMatch(line);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });

  it('B-16 names a file that is not there before it connects', async () => {
    const { exitCode, stderr } = await run(['produce', 't', '--file', '/nowhere/x'], '127.0.0.1:1');
    expect(stderr).toMatch(
      /^streamhouse: cannot read the input: .*\/nowhere\/x'; check the path\n$/,
    );
    expect(exitCode).toBe(1);
  });

  it.concurrent.each([
    [['topics', 'list']],
    [['produce', 't']],
    [['consume', 't']],
    [['agents', 'list']],
    [['groups', 'list']],
  ])('B-16 names every address of %j when no server is there, with 5', async (args) => {
    const gone = createServer();
    const address = await listen(gone);
    gone.close();
    const { exitCode, stderr } = await run(args, `${address},127.0.0.1:1`);
    expect(stderr).toMatch(/^streamhouse: [^\n]+\n$/);
    expect(stderr).toContain(address);
    expect(stderr).toContain('127.0.0.1:1');
    expect(stderr).toContain('npm start');
    expect(exitCode).toBe(5);
  });

  it('B-16 names the API that is not there, with 5', async () => {
    const gone = createServer();
    const server = `http://${await listen(gone)}`;
    gone.close();
    for (const args of [
      ['get', 'topics'],
      ['delete', 'topic/a'],
      ['scale', 'agentpool/a', '--replicas', '1'],
    ]) {
      const { exitCode, stderr } = await run([...args, '--server', server]);
      expect(stderr).toMatch(/^streamhouse: [^\n]+\n$/);
      expect(stderr).toContain(`${server} cannot be reached`);
      expect(stderr).toContain('npm start');
      expect(exitCode).toBe(5);
    }
  });

  it('B-16 says that a server is none of ours, with 5', async () => {
    const server = createHttpServer((_, response) => response.end('<html>hello'));
    const url = `http://${await listen(server)}`;
    const { exitCode, stderr } = await run(['get', 'topics', '--server', url]);
    server.close();
    expect(stderr).toContain(`${url} is not the API of a cluster`);
    expect(exitCode).toBe(5);
  });

  it.concurrent('B-16 says in one line that a server speaks another protocol', async () => {
    const server = createHttpServer((_, response) => response.end('hello'));
    const address = await listen(server);
    const { exitCode, stderr } = await run(['topics', 'list'], address);
    server.close();
    expect(stderr).toMatch(/^streamhouse: [^\n]+\n$/);
    expect(stderr).toContain(address);
    expect(exitCode).toBe(5);
  });

  it('prints help and version with 0, help without a command with 2', async () => {
    expect(await run(['--version'])).toMatchObject({ exitCode: 0, stdout: '0.1.0\n' });
    const help = await run(['consume', '--help']);
    expect(help).toMatchObject({ exitCode: 0, stderr: '' });
    expect(help.stdout).toContain('Global Options');
    const bare = await run([]);
    expect(bare).toMatchObject({ exitCode: 2, stdout: '' });
    expect(bare.stderr).toContain('Commands:');
  });

  it('has examples in the help of every command', async () => {
    const commands = [
      ...['list', 'create', 'describe', 'alter', 'delete'].map((name) => ['topics', name]),
      ['produce'],
      ['consume'],
      ['agents', 'list'],
      ...['list', 'describe', 'reset', 'delete'].map((name) => ['groups', name]),
      ...['apply', 'get', 'delete', 'scale'].map((name) => [name]),
      ['bench', 'produce'],
      ['bench', 'consume'],
      ['completion'],
    ];
    for (const command of commands) {
      const { stdout } = await run([...command, '--help']);
      expect(stdout).toMatch(/\nExamples:\n {2}\S/);
    }
  });

  it('completes commands and options in bash', async () => {
    const { stdout } = await run(['completion', 'bash']);
    const complete = (...words: string[]): string[] => {
      const quoted = words.map((word) => `'${word}'`).join(' ');
      const script = `${stdout}\nCOMP_WORDS=(streamhouse ${quoted}); COMP_CWORD=${words.length}; _streamhouse; echo "\${COMPREPLY[@]}"`;
      return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim().split(' ');
    };
    expect(complete('top')).toEqual(['topics']);
    expect(complete('--output', 'json', 'topics', 'de')).toEqual(['describe', 'delete']);
    expect(complete('produce', 'orders', '--key')).toEqual(['--key-separator', '--key-field']);
    expect(complete('completion', 'z')).toEqual(['zsh']);
    expect(complete('groups', 're')).toEqual(['reset']);
    expect(complete('groups', 'reset', 'billing', '--d')).toEqual(['--dry-run']);
    expect(complete('consume', 'orders', '--g')).toEqual(['--group']);
  });

  it.each(['zsh', 'fish'])('has every command in the completion of %s', async (shell) => {
    const { exitCode, stdout } = await run(['completion', shell]);
    expect(exitCode).toBe(0);
    for (const path of ['topics create', 'bench consume', 'agents list', 'groups reset']) {
      expect(stdout).toContain(`streamhouse ${path}`);
    }
    expect(stdout).toContain('--key-separator');
  });
});
