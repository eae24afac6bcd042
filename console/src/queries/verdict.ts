/** The verdict on what was last heard of the cluster. */
import { useQuery } from '@tanstack/react-query';
import { type Verdict, verdictOf } from '../pages/verdict.ts';
import { agentsQuery } from './agents.ts';
import { messageOf, useRefresh } from './api.ts';
import { clusterQuery } from './metrics.ts';

export function useVerdict(): Verdict {
  const refresh = useRefresh();
  const agents = useQuery({ ...agentsQuery(), ...refresh });
  const cluster = useQuery({ ...clusterQuery(), ...refresh });
  const error = agents.error ?? cluster.error;
  return verdictOf({
    agents: agents.data?.items,
    cluster: cluster.data,
    fault: error === null ? undefined : messageOf(error),
  });
}
