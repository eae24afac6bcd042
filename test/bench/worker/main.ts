/**
 * A process of the bench: one client, or the S3 gateway, which load a core each as they would at a user's. It does what it is
 * asked over the channel to its parent, and ends when that closes, however the parent ended.
 */
import { commits } from './commits.ts';
import { consume } from './consume.ts';
import { follow } from './follow.ts';
import type { GatewayWorker } from './gateway.ts';
import { httpLoad } from './http-load.ts';
import { IdleGroups } from './idle-groups.ts';
import { Member } from './member.ts';
import { openLoop } from './open-loop.ts';
import { Probe } from './probe.ts';
import { fill, produce } from './produce.ts';
import type { Answer, Question, Task, Tasks } from './protocol.ts';

let probe: Probe | undefined;
let member: Member | undefined;
let idle: IdleGroups | undefined;
let gateway: GatewayWorker | undefined;

async function run(task: Task): Promise<Tasks[keyof Tasks]['result']> {
  switch (task.kind) {
    case 'produce':
      return await produce(task);
    case 'openLoop':
      return await openLoop(task);
    case 'fill':
      return await fill(task);
    case 'consume':
      return await consume(task);
    case 'follow':
      return await follow(task);
    case 'probeStart':
      probe = await Probe.start(task);
      return null;
    case 'probe':
      return started(probe).ask(task);
    case 'probeEnd':
      await started(probe).end();
      return null;
    case 'memberStart':
      member = await Member.start(task);
      return null;
    case 'memberJoin':
      await started(member).join();
      return null;
    case 'memberState':
      return started(member).state();
    case 'memberReads':
      return started(member).reads();
    case 'memberLeave':
      await started(member).leave();
      return null;
    case 'commits':
      return await commits(task);
    case 'httpLoad':
      return await httpLoad(task);
    case 'idleStart':
      idle = await IdleGroups.start(task);
      return null;
    case 'idleCounts':
      return started(idle).counts();
    case 'idleEnd':
      await started(idle).end();
      return null;
    case 'gateway': {
      // Not part of a client.
      const { GatewayWorker } = await import('./gateway.ts');
      gateway = await GatewayWorker.start(task);
      return gateway.place;
    }
    case 'gatewayPuts':
      return started(gateway).puts;
  }
}

function started<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('it is not started');
  return part;
}

async function answer({ id, task }: Question): Promise<void> {
  const said: Answer = await run(task).then(
    (result) => ({ id, result }),
    (error: unknown) => ({
      id,
      error: error instanceof Error ? String(error.stack) : String(error),
    }),
  );
  process.send?.(said);
}

process.on('message', (question: Question) => void answer(question));
process.on('disconnect', () => process.exit());
