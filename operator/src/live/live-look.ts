import type { Clock } from '@streamhouse/core/async/clock.ts';
import type { Catalogue } from '@streamhouse/store/metadata/catalogue.ts';
import type { FiguresSource } from '../http/figures-source.ts';
import { agentView, type Heartbeats } from '../http/routes/agents.ts';
import { monitoringMetrics } from '../http/routes/metrics.ts';
import type { LiveHubOptions } from './live-hub.ts';
import { LiveState } from './live-state.ts';

export interface LiveLookParts {
  readonly catalogue: Catalogue;
  readonly figures: FiguresSource;
  readonly heartbeats: Heartbeats;
  readonly clock: Clock;
}

/** The cluster as its API shows it. */
export function liveLook(parts: LiveLookParts): LiveHubOptions['look'] {
  const { catalogue, heartbeats } = parts;
  return async (sequence, signal) => {
    const [metrics, agents] = await Promise.all([
      monitoringMetrics(parts, signal),
      catalogue.agents(signal),
    ]);
    return new LiveState(
      sequence,
      metrics,
      agents.map((agent) => agentView(agent, heartbeats)),
    );
  };
}
