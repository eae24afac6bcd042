import { incarnation } from '../ids.ts';
import {
  describeScenarios,
  type ScenarioCommand,
  type ScenarioMachine,
} from '../testing/scenario.test-support.ts';
import { type AgentLeaseEvent, isHeld, newAgentLease, stepAgentLease } from './agent-lease.ts';
import { type FenceWatchEvent, newFenceWatch, stepFenceWatch } from './fence-watch.ts';

describeScenarios(new URL('scenarios/', import.meta.url), () => {
  const agent = newAgent();
  const watch = newWatch();
  return (command) => (command.name === 'agent' ? agent(command) : watch(command));
});

function newAgent(): ScenarioMachine {
  let lease = newAgentLease({ sessionTimeoutMs: 3_000, safetyMarginMs: 500 });
  return (command) => {
    const nowMs = command.number('at');
    if (command.flag('asked')) return [isHeld(lease, nowMs) ? 'admits' : 'admits nothing'];
    const { state, effects } = stepAgentLease(lease, agentEvent(command), nowMs);
    lease = state;
    return [state.kind, ...effects.map(print)];
  };
}

function agentEvent(command: ScenarioCommand): AgentLeaseEvent {
  if (command.flag('renewed')) return { type: 'RenewSucceeded', sentMs: command.number('sent') };
  if (command.flag('refused')) return { type: 'RenewRefused' };
  if (command.flag('tick')) return { type: 'Tick' };
  throw new Error(`unknown: ${command.line}`);
}

function newWatch(): ScenarioMachine {
  const me = incarnation(8);
  let watch = newFenceWatch({ me, sessionTimeoutMs: 3_000, watchGapMaxMs: 1_500 });
  return (command) => {
    const { state, effects } = stepFenceWatch(watch, watchEvent(command), command.number('at'));
    watch = state;
    const watches = [...state.watches].map(
      ([id, { beat, sinceMs }]) => `${id} beat ${beat} since ${sinceMs}`,
    );
    return [`watches ${watches.join(', ') || 'nobody'}`, ...effects.map(print)];
  };
}

function watchEvent(command: ScenarioCommand): FenceWatchEvent {
  if (command.flag('failed')) return { type: 'ObserveFailed' };
  const sessions = command.list('beats').map((entry) => {
    const [id, beat] = entry.split(':').map(Number);
    return { incarnation: incarnation(id!), beat: beat! };
  });
  return { type: 'Observed', sessions };
}

/** An effect as `Type key value`. */
function print({ type, ...rest }: { readonly type: string }): string {
  const fields = Object.entries(rest).map(([key, value]) => ` ${key} ${String(value)}`);
  return `  -> ${type}${fields.join('')}`;
}
