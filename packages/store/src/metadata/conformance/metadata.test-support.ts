/** What every metadata store must do, told once: Postgres passes it, and the model of it that the simulation runs on. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { Metadata } from '../port.ts';
import { agentConformance } from './agents.test-support.ts';
import { changeConformance } from './changes.test-support.ts';
import { groupConformance } from './groups.test-support.ts';
import { leaseConformance } from './leases.test-support.ts';
import { logConformance } from './log.test-support.ts';
import { statsConformance } from './stats.test-support.ts';
import { topicConformance } from './topics.test-support.ts';

export interface MetadataSubject extends AsyncDisposable {
  readonly metadata: Metadata;
}

/** Registers the suite. `start` is called once per noun, and what it resolves is disposed at the end. */
export function metadataConformance(name: string, start: () => Promise<MetadataSubject>): void {
  const parts = {
    agents: agentConformance,
    leases: leaseConformance,
    log: logConformance,
    topics: topicConformance,
    groups: groupConformance,
    stats: statsConformance,
    changes: changeConformance,
  };
  for (const [noun, register] of Object.entries(parts)) {
    describe(`${name}: ${noun}`, () => {
      let subject: MetadataSubject;
      beforeAll(async () => {
        subject = await start();
      });
      afterAll(() => subject?.[Symbol.asyncDispose]());
      register(() => subject.metadata);
    });
  }
}
