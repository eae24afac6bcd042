/** Lets things go wrong at random times, of the kinds that a seed has chosen, and mends all of it at the end. */
import type { SeededRandom } from './kernel/random.ts';
import type { SimProcess } from './kernel/sim-process.ts';
import { AGENTS, placeOf, SCRATCH, type SimWorld } from './sim-world.ts';
import type { SimAgent } from './world/sim-agent.ts';
import { type Fault, FAULTS } from './world/fault-counts.ts';

/** Milliseconds between two faults. */
const GAP_MS = { min: 200, max: 2_500 };
const WARM_UP_MS = 1_000;

/** Those that strike an agent at one of its effects. */
type BorderFaultName = Extract<Fault, 'kill' | 'pause' | 'twin' | 'fence'>;

export class FaultSchedule {
  readonly #world: SimWorld;
  readonly #random: SeededRandom;
  readonly #kinds: readonly Fault[];
  /** Faults that last and are on. */
  readonly #lasting = new Set<Fault>();
  readonly #paused = new Set<SimProcess>();
  /** Processes that stay although another one has their name: they end when all is mended. */
  readonly #twins = new Set<SimProcess>();
  #isOver = false;

  constructor(world: SimWorld) {
    this.#world = world;
    this.#random = world.random.fork('faults');
    const share = this.#random.between(0.2, 0.9);
    const chosen = FAULTS.filter(() => this.#random.chance(share));
    this.#kinds = chosen.length > 0 ? chosen : [this.#random.pick(FAULTS)];
    world.scheduler.after(WARM_UP_MS, () => this.#next());
  }

  /** From now on all is well. */
  heal(): void {
    this.#isOver = true;
    const { weather } = this.#world;
    weather.clear();
    for (const process of this.#paused) process.resume();
    for (const process of this.#twins) this.#world.bury(process);
    for (let index = 0; index < AGENTS; index++) {
      const agent = this.#world.agents[index];
      agent?.process.disarm();
      if (agent === undefined || agent.process.isDead) this.#world.startAgent(index);
    }
    this.#world.note('heals');
  }

  #next(): void {
    if (this.#isOver) return;
    this.#inject(this.#random.pick(this.#kinds));
    const gapMs = this.#random.between(GAP_MS.min, GAP_MS.max);
    this.#world.scheduler.after(gapMs, () => this.#next());
  }

  #inject(fault: Fault): void {
    const { weather } = this.#world;
    const random = this.#random;
    const index = random.integer(0, AGENTS - 1);
    const place = placeOf(index);
    switch (fault) {
      case 'kill':
      case 'pause':
      case 'twin':
      case 'fence':
        return this.#arm(fault, index);
      case 'drain':
        return this.#drain(index);
      case 'topic-again':
        return this.#topicAgain();
      case 'postgres-down':
        return this.#last(fault, 8_000, (isOn) => weather.setPostgresDown(isOn));
      case 'postgres-errors':
        return this.#last(fault, 5_000, (isOn) => {
          weather.postgresErrors = isOn ? random.between(0.05, 0.5) : 0;
        });
      case 'store-errors':
        return this.#last(fault, 15_000, (isOn) => {
          weather.storeErrors = isOn ? random.between(0.1, 0.8) : 0;
        });
      case 'network-resets':
        return this.#last(fault, 5_000, (isOn) => {
          weather.networkResets = isOn ? random.between(0.01, 0.2) : 0;
        });
      case 'network-delays':
        return this.#last(fault, 5_000, (isOn) => {
          weather.networkDelayMs = isOn ? random.between(50, 3_000) : 0;
        });
      case 'postgres-cut':
        return this.#cut(fault, place, 'postgres');
      case 'store-cut':
        return this.#cut(fault, place, 'store');
      case 'network-cut': {
        const [client = ''] = random.pick(this.#world.clients).split('#');
        return this.#cut(fault, client, place);
      }
    }
  }

  #last(fault: Fault, msMax: number, set: (isOn: boolean) => void): void {
    if (this.#lasting.has(fault)) return;
    this.#lasting.add(fault);
    this.#world.weather.counts.inject(fault);
    this.#world.note(`fault ${fault}`);
    set(true);
    this.#world.scheduler.after(this.#random.between(200, msMax), () => {
      if (this.#isOver) return;
      this.#lasting.delete(fault);
      this.#world.note(`end of ${fault}`);
      set(false);
    });
  }

  #cut(fault: Fault, one: string, other: string): void {
    const { weather } = this.#world;
    const edges: [string, string][] = [];
    const way = this.#random.integer(0, 2);
    if (way !== 1) edges.push([one, other]);
    if (way !== 0) edges.push([other, one]);
    this.#last(fault, 8_000, (isOn) => {
      for (const [from, to] of edges) {
        if (isOn) weather.cut(from, to);
        else weather.mend(from, to);
      }
    });
  }

  /** At one of the next effects of an agent, often a publish: it dies, stands still, or is fenced. */
  #arm(fault: BorderFaultName, index: number): void {
    const agent = this.#world.agents[index];
    if (agent === undefined || !agent.process.isRunning) return;
    this.#world.weather.counts.inject(fault);
    const kind = fault === 'twin' ? 'pause' : fault;
    const at = this.#random.chance(0.4) ? 'postgres publish' : undefined;
    const countdown = this.#random.integer(1, at === undefined ? 60 : 4);
    const isAfter = this.#random.chance(0.5);
    const onFelt = (): void => this.#felt(fault, agent, index);
    agent.process.arm({ kind, at, countdown, isAfter, onFelt });
  }

  #felt(fault: BorderFaultName, agent: SimAgent, index: number): void {
    const { database, scheduler, weather } = this.#world;
    const { process } = agent;
    if (fault === 'fence') {
      if (database.fenceAgent(placeOf(index)) > 0) weather.feel(fault);
      return;
    }
    weather.feel(fault);
    if (fault === 'kill') {
      this.#died(agent, index);
      return;
    }
    this.#paused.add(process);
    scheduler.after(this.#random.between(300, 12_000), () => process.resume());
    if (fault === 'pause') return;
    scheduler.after(this.#random.between(100, 3_000), () => {
      if (this.#isOver || this.#world.agents[index] !== agent) return;
      this.#twins.add(process);
      this.#world.startAgent(index);
      scheduler.after(this.#random.between(5_000, 20_000), () => this.#world.bury(process));
    });
  }

  #died(agent: SimAgent, index: number): void {
    const { scheduler, database } = this.#world;
    // Not in the middle of the step that the process died in.
    scheduler.after(0, () => {
      this.#world.bury(agent.process);
      if (this.#random.chance(0.3)) database.fenceAgent(placeOf(index));
    });
    scheduler.after(this.#random.between(100, 6_000), () => {
      if (!this.#isOver && this.#world.agents[index] === agent) this.#world.startAgent(index);
    });
  }

  #drain(index: number): void {
    const agent = this.#world.agents[index];
    if (agent === undefined || !agent.process.isRunning) return;
    const { weather, scheduler } = this.#world;
    weather.counts.inject('drain');
    this.#world.note(`drains ${agent.process.name}`);
    let isDone = false;
    const done = (): void => {
      if (isDone) return;
      isDone = true;
      if (!agent.process.isDead) this.#died(agent, index);
    };
    scheduler.after(this.#random.between(8_000, 20_000), done);
    agent.process.receive(() => {
      void agent.stop().then(() => {
        weather.feel('drain');
        done();
      });
    });
  }

  #topicAgain(): void {
    const { database, weather } = this.#world;
    const topic = database.topics.byName(SCRATCH.name);
    if (topic === undefined) return;
    weather.counts.inject('topic-again');
    this.#world.note('deletes the topic and makes it again');
    if (database.topics.partitions(topic.topicId).some(({ nextOffset }) => nextOffset > 0))
      weather.feel('topic-again');
    database.topics.delete(topic.topicId);
    this.#world.createTopic(SCRATCH);
  }
}
