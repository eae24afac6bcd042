import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AppendRequest, Lost } from './log-agent.test-support.ts';
import {
  LogWorld,
  type Mischief,
  PARTITIONS,
  PRODUCERS,
  type Target,
} from './log-world.test-support.ts';

type Model = Record<string, never>;

/** One command, named for the counterexample. The reference to compare with is in the world. */
class WorldCommand implements fc.Command<Model, LogWorld> {
  readonly #name: string;
  readonly #run: (world: LogWorld) => void;

  constructor(name: string, run: (world: LogWorld) => void) {
    this.#name = name;
    this.#run = run;
  }

  check(): boolean {
    return true;
  }

  run(_: Model, world: LogWorld): void {
    this.#run(world);
    world.check();
  }

  toString(): string {
    return this.#name;
  }
}

const number = fc.nat(5);
const target = fc.constantFrom<Target>('holder', 'holder', 'holder', 0, 1, 2, 3);
const partition = fc.nat(PARTITIONS - 1);
const producer = fc.nat(PRODUCERS - 1);
const recordCount = fc.integer({ min: 1, max: 4 });
const lost = fc.constantFrom<Lost>('nothing', 'nothing', 'nothing', 'answer', 'request');
const level = fc.constantFrom<AppendRequest['acknowledge']>('published', 'accepted');
const mischief = fc.constantFrom<Mischief>('gap', 'oldEpoch', 'forgotten');

function command<Args extends unknown[]>(
  name: string,
  args: { [K in keyof Args]: fc.Arbitrary<Args[K]> },
  run: (world: LogWorld, ...args: Args) => void,
): fc.Arbitrary<WorldCommand> {
  return fc
    .tuple<Args>(...args)
    .map(
      (values) => new WorldCommand(`${name}(${values.join()})`, (world) => run(world, ...values)),
    );
}

/** How often each comes for one of the rarest: most of a run should be about records. */
const WEIGHTED: readonly (readonly [number, fc.Arbitrary<WorldCommand>])[] = [
  [12, command('send', [producer, target, recordCount], (world, p, to, n) => world.send(p, to, n))],
  [6, command('retry', [producer, target], (world, p, to) => world.retry(p, to))],
  [10, command('upload', [number], (world, n) => world.upload(n, 'done'))],
  [10, command('publish', [number, lost], (world, n, what) => world.publish(n, what))],
  [2, command('tick', [number], (world, n) => world.tick(n))],
  [2, command('plain', [partition, level], (world, p, at) => world.sendPlain(p, at))],
  [
    3,
    command('misbehave', [producer, target, mischief], (world, p, to, what) =>
      world.misbehave(p, to, what),
    ),
  ],
  [1, command('bumpEpoch', [producer], (world, p) => world.bumpEpoch(p))],
  [1, command('fence', [partition], (world, p) => world.fence(p))],
  [3, command('takeOver', [partition, number], (world, p, n) => world.takeOver(p, n))],
  [1, command('drain', [partition, number], (world, p, n) => world.drain(p, n))],
  [2, command('release', [partition], (world, p) => world.release(p))],
  [1, command('uploadFailed', [number], (world, n) => world.upload(n, 'failed'))],
  [1, command('revoke', [partition], (world, p) => world.revoke(p))],
  [1, command('cutOff', [producer], (world, p) => world.cutOff(p))],
  [1, command('stop', [partition], (world, p) => world.stop(p))],
];
const commands = WEIGHTED.flatMap(([weight, one]) => Array<typeof one>(weight).fill(one));

const COMMANDS = { maxCommands: 150, size: 'max' } as const;

describe('the log, through retries, failures and changes of holder', () => {
  it('keeps I-01, I-03, I-11, I-12, I-13 and answers every append once', () => {
    fc.assert(
      fc.property(fc.commands(commands, COMMANDS), (all) => {
        runWorld(all);
      }),
      { numRuns: 2_000 },
    );
  });

  it('was in every situation that these invariants are about', () => {
    const runs = fc.sample(fc.commands(commands, COMMANDS), { numRuns: 200, seed: 1 });
    const reached = new Set(runs.flatMap((all) => [...runWorld(all).reached]));
    expect([...reached].sort()).toEqual([
      'draining',
      'duplicateForgotten',
      'handover',
      'notHolder',
      'notHolder after it was accepted',
      'outOfOrder',
      'outcomeUnknown',
      'outcomeUnknown after it was accepted',
      'producerFenced',
      'repeat',
      'repeat after a change of holder',
      'stopped',
      'stopped after it was accepted',
      'unknownProducer',
    ]);
  });
});

function runWorld(all: Iterable<fc.Command<Model, LogWorld>>): LogWorld {
  const world = new LogWorld();
  fc.modelRun(() => ({ model: {}, real: world }), all);
  world.finish();
  return world;
}
