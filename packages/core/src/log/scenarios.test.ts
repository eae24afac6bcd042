import { epoch, offset, producerId } from '../ids.ts';
import {
  describeScenarios,
  type ScenarioCommand,
  type ScenarioMachine,
} from '../testing/scenario.test-support.ts';
import { type FlushEvent, openFlushPipeline, stepFlush } from './flush-pipeline.ts';
import {
  openPartitionLog,
  type PartitionLogEvent,
  type PartitionLogState,
  sealProducers,
  stepPartitionLog,
} from './partition-log.ts';
import type { ProducerSnapshot } from './producer-state.ts';

describeScenarios(new URL('scenarios/', import.meta.url), () => {
  const partition = newPartition();
  const flush = newFlush();
  return (command) => (command.name === 'flush' ? flush(command) : partition(command));
});

/** The lives of one partition: `published` is what Postgres has, and `open` starts a new holder from it. */
function newPartition(): ScenarioMachine {
  const published = new Map<number, ProducerSnapshot>();
  let nextOffset = offset(0);
  let sealed: readonly ProducerSnapshot[] = [];
  let log: PartitionLogState | undefined;
  return (command) => {
    if (command.name === 'open') {
      log = openPartitionLog({
        epoch: epoch(command.number('epoch')),
        nextOffset,
        producers: [...published.values()],
      });
      return [printLog(log)];
    }
    if (log === undefined) throw new Error(`nothing is open: ${command.line}`);
    if (command.name === 'seal') {
      sealed = sealProducers(log);
      return sealed.map(printProducer);
    }
    const event = partitionEvent(command);
    const effects = stepPartitionLog(log, event);
    if (event.type === 'published') {
      nextOffset = event.endOffset;
      for (const producer of sealed) published.set(producer.producerId, producer);
    }
    return [printLog(log), ...effects.map(print)];
  };
}

function partitionEvent(command: ScenarioCommand): PartitionLogEvent {
  switch (command.name) {
    case 'append':
      return {
        type: 'append',
        ticket: command.number('ticket'),
        producerId: producerId(command.number('producer', -1)),
        producerEpoch: command.number('epoch', 0),
        baseSequence: command.number('sequence', 0),
        recordCount: command.number('records', 1),
        acknowledge: command.flag('memory') ? 'accepted' : 'published',
      };
    case 'published':
      return { type: 'published', endOffset: offset(command.number('end')) };
    case 'fenced':
      return { type: 'publishFenced' };
    case 'drain':
      return { type: 'drain' };
    case 'stop':
      return { type: 'stop', isPublishUnknown: command.flag('unknown') };
    default:
      throw new Error(`unknown: ${command.line}`);
  }
}

function newFlush(): ScenarioMachine {
  const settings = {
    bytesMax: 1_000,
    uploadsInFlightMax: 2,
    putsPerSecondMax: 10,
    putsBurst: 2,
    intervalMs: 250,
  };
  const state = openFlushPipeline(settings, 0);
  return (command) => {
    const effects = stepFlush(state, flushEvent(command), command.number('at'));
    const objects = state.objects.map(({ sequence, stage }) => `${sequence} ${stage}`);
    const pipeline = [`open ${state.openBytes} bytes`, ...objects].join(', ');
    return [state.isStopped ? 'stopped' : pipeline, ...effects.map(print)];
  };
}

function flushEvent(command: ScenarioCommand): FlushEvent {
  if (command.flag('appended')) return { type: 'appended', bytes: command.number('bytes') };
  if (command.flag('uploaded')) return { type: 'uploaded', sequence: command.number('object') };
  if (command.flag('failed')) return { type: 'uploadFailed', sequence: command.number('object') };
  if (command.flag('published')) return { type: 'published', sequence: command.number('object') };
  if (command.flag('fenced')) return { type: 'fenced' };
  if (command.flag('hurry')) return { type: 'hurry' };
  if (command.flag('tick')) return { type: 'tick' };
  throw new Error(`unknown: ${command.line}`);
}

function printLog({
  status,
  epoch: at,
  nextOffset,
  highWatermark,
  pending,
}: PartitionLogState): string {
  return `${status} epoch ${at} next ${nextOffset} readable below ${highWatermark} pending ${pending.length}`;
}

function printProducer({ producerId: id, producerEpoch, batches }: ProducerSnapshot): string {
  const known = batches.map(
    ({ firstSequence, lastSequence, baseOffset }) =>
      `${firstSequence}..${lastSequence} at ${baseOffset}`,
  );
  return `producer ${id} epoch ${producerEpoch}: ${known.join(', ')}`;
}

/** An effect as `type key value`. */
function print({ type, ...rest }: { readonly type: string }): string {
  const fields = Object.entries(rest).map(([key, value]) => ` ${key} ${String(value)}`);
  return `  -> ${type}${fields.join('')}`;
}
