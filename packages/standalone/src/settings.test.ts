import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readCommand, type StandaloneSettings } from './settings.ts';

function read(line: string, env: Record<string, string> = {}) {
  const words = line === '' ? [] : line.split(' ');
  return readCommand({ words, env, workingDirectory: '/somewhere' });
}

function settingsOf(line: string, env: Record<string, string> = {}): StandaloneSettings {
  const command = read(line, env);
  if (command.kind !== 'start') throw new Error(JSON.stringify(command));
  return command.settings;
}

test('has a default for everything', () => {
  expect(settingsOf('')).toEqual({
    home: '/somewhere/.streamhouse',
    agentCount: undefined,
    agentPort: 9090,
    metricsPort: 8080,
    isAutoPort: false,
    postgresUrl: undefined,
    objects: { kind: 'directory' },
    readyFile: undefined,
    agentEnv: {},
    resources: {
      apiPort: 3001,
      manifests: resolve(import.meta.dirname, '../../../manifests/samples'),
    },
  });
});

test('takes the home from the option, else from the environment', () => {
  expect(settingsOf('', { STREAMHOUSE_HOME: 'data' }).home).toBe('/somewhere/data');
  expect(settingsOf('--home /mine', { STREAMHOUSE_HOME: 'data' }).home).toBe('/mine');
});

test('takes manifests of a folder, and the count of agents only when it is said', () => {
  const { agentCount, resources } = settingsOf('--agents 5 --api-port 0 --manifests mine');
  expect({ agentCount, resources }).toEqual({
    agentCount: 5,
    resources: { apiPort: 0, manifests: '/somewhere/mine' },
  });
});

test('takes real services in the place of the embedded ones', () => {
  const settings = settingsOf(
    '--postgres postgres://u:secret@db/x --s3 http://127.0.0.1:9000 --bucket b',
  );
  expect(settings.postgresUrl?.reveal()).toBe('postgres://u:secret@db/x');
  expect(settings.objects).toEqual({ kind: 's3', url: 'http://127.0.0.1:9000', bucket: 'b' });
  expect(JSON.stringify(settings)).not.toContain('secret');
});

test('reports all faults at once, each with its option', () => {
  const line =
    '--agents 0 --agent-port 70000 --metrics-port x --api-port 1e3 --postgres mysql://u:secret@h/x ' +
    '--s3 ftp://h --auto-port=yes --no-such stray --home';
  const command = read(line);
  expect(command).toEqual({
    kind: 'faulty',
    faults: [
      '--auto-port takes no value',
      '--no-such is not an option; see --help',
      '"stray" is not understood; see --help',
      '--home needs a value',
      '--api-port must be a whole number from 0 to 65535, got "1e3"',
      '--agent-port must be a whole number from 0 to 65535, got "70000"',
      '--metrics-port must be a whole number from 0 to 65535, got "x"',
      '--agents must be a whole number from 1 to 32, got "0"',
      '--postgres must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE',
      '--s3 must be an http or https URL, got "ftp://h"',
      '--s3 needs --bucket NAME',
    ].toSorted((a, b) => order(command, a) - order(command, b)),
  });
});

/** The order in which faults are told is not part of the promise. */
function order(command: ReturnType<typeof read>, fault: string): number {
  return command.kind === 'faulty' ? command.faults.indexOf(fault) : -1;
}

test.each([
  ['--agents 4 --agent-port 8082 --metrics-port 8080', '--metrics-port must be at least 4 away'],
  ['--agents 3 --agent-port 65534', '--agent-port leaves no ports for 3 agents'],
  ['--bucket b', '--bucket needs --s3 URL'],
])('refuses %s', (line, fault) => {
  const command = read(line);
  expect(command.kind === 'faulty' && command.faults.join()).toContain(fault);
});

test('asks for help whatever else is said', () => {
  expect(read('--agents x --help')).toEqual({ kind: 'help' });
});
