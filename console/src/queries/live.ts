/** The socket that tells what changed: its events become what the queries of metrics and agents hold. */
import {
  applyLive,
  LIVE_CLOSE,
  LIVE_PATH,
  type LiveEvent,
  type LiveSnapshot,
} from '@streamhouse/api/live.ts';
import type { MonitoringMetrics } from '@streamhouse/api/rest/metrics.ts';
import { notifyManager, type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { agentsQuery } from './agents.ts';
import { BASE_PATH } from './api.ts';
import { continueHistories, monitoringQuery } from './metrics.ts';

export type LiveState = 'connecting' | 'live' | 'reconnecting';

const RETRY_MS = { min: 1_000, max: 15_000 } as const;

/** Listens as long as its page is open; what is lost comes back by itself. */
export function useLive(intervalMs: number): LiveState {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>('connecting');
  useEffect(() => {
    let socket: WebSocket | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let waitMs: number = RETRY_MS.min;
    const connect = (): void => {
      let snapshot: LiveSnapshot | undefined;
      const opened = new WebSocket(liveUrl());
      socket = opened;
      opened.onopen = () => opened.send(JSON.stringify({ intervalMs }));
      opened.onmessage = ({ data }) => {
        snapshot = applyLive(snapshot, JSON.parse(String(data)) as LiveEvent);
        if (snapshot === undefined) {
          opened.close();
          return;
        }
        waitMs = RETRY_MS.min;
        show(client, snapshot);
        setState('live');
      };
      opened.onclose = ({ code }) => {
        setState('reconnecting');
        // Whoever is no longer known learns so from the next request, and is asked to sign in.
        if (code === LIVE_CLOSE.unauthenticated) void client.invalidateQueries();
        timer = setTimeout(connect, waitMs * (0.5 + Math.random() / 2));
        waitMs = Math.min(waitMs * 2, RETRY_MS.max);
      };
    };
    connect();
    return () => {
      clearTimeout(timer);
      if (socket === undefined) return;
      socket.onclose = null;
      socket.onmessage = null;
      socket.close();
    };
  }, [client, intervalMs]);
  return state;
}

function liveUrl(): URL {
  const url = new URL(`${BASE_PATH}${LIVE_PATH}`, document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url;
}

function show(client: QueryClient, snapshot: LiveSnapshot): void {
  const { throughput, latency, clusterHealth, timestamp, topics, groups, agents } = snapshot;
  const metrics: MonitoringMetrics = {
    ...{ throughput, latency, clusterHealth, timestamp },
    ...{ topicStats: topics, consumerLags: groups },
  };
  // Whoever shows some of it is told once.
  notifyManager.batch(() => {
    client.setQueryData(monitoringQuery().queryKey, metrics);
    client.setQueryData(agentsQuery().queryKey, {
      items: agents,
      next: undefined,
      total: agents.length,
    });
    continueHistories(client, snapshot);
  });
}
