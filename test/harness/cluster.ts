/** A whole cluster of real processes for one test, in a folder of its own, gone when the test is over. */
import { standaloneComponents } from '@streamhouse/standalone/components.ts';
import {
  type Standalone,
  type StandaloneComponents,
  startStandalone,
} from '@streamhouse/standalone/standalone.ts';
import type { StandaloneObjects } from '@streamhouse/standalone/settings.ts';
import { temporaryHome } from './guard.ts';

/** An S3 service that the test runs. */
export interface Gateway {
  readonly url: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface ClusterOptions {
  readonly agents: number;
  readonly objects: 'directory' | { readonly gateway: Gateway };
  /** Variables of every agent, for example `{ HEARTBEAT_INTERVAL: '200ms' }`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Folder of the Topics and AgentPools that it begins with: the operator and its API run then, and keep the agents. */
  readonly manifests?: string;
  /** Awaited before the supervisor fences an agent that ended, and so before it starts the next one. */
  readonly beforeFence?: () => Promise<void>;
}

export interface Cluster extends Standalone {
  /** What clients dial: `host:port` of every agent as of now. */
  readonly bootstrap: readonly string[];
  /** What the supervisor said, one sentence each: restarts, fences, adoptions. */
  readonly lines: readonly string[];
}

/**
 * Starts a cluster on free ports and waits until every agent is ready. Dispose drains it and removes its folder; when the
 * test process dies first, agents see the end of their standard input, and the guard of the folder does the rest.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  await using parts = new AsyncDisposableStack();
  const folder = parts.use(await temporaryHome());
  const { objects, env } = objectsOf(options.objects);
  const lines: string[] = [];
  const standalone = parts.use(
    await startStandalone(
      {
        home: folder.path,
        agentCount: options.agents,
        agentPort: 0,
        metricsPort: 0,
        isAutoPort: true,
        postgresUrl: undefined,
        objects,
        readyFile: undefined,
        agentEnv: { LOG_LEVEL: 'warn', ...env, ...options.env },
        resources:
          options.manifests === undefined
            ? undefined
            : { apiPort: 0, manifests: options.manifests },
      },
      componentsOf(options, lines),
    ),
  );
  return composed(standalone, lines, parts.move());
}

function componentsOf({ beforeFence }: ClusterOptions, lines: string[]): StandaloneComponents {
  const components = standaloneComponents((line) => lines.push(line));
  if (beforeFence === undefined) return components;
  return {
    ...components,
    async openMetadata(url, signal) {
      const metadata = await components.openMetadata(url, signal);
      return {
        async fenceAgent(agentId, fenceSignal) {
          await beforeFence();
          // Its time may have passed by now.
          if (!fenceSignal.aborted) await metadata.fenceAgent(agentId, fenceSignal);
        },
        [Symbol.asyncDispose]: () => metadata[Symbol.asyncDispose](),
      };
    },
  };
}

function objectsOf(objects: ClusterOptions['objects']): {
  readonly objects: StandaloneObjects;
  readonly env: Readonly<Record<string, string>>;
} {
  if (objects === 'directory') return { objects: { kind: 'directory' }, env: {} };
  const { url, bucket, accessKeyId, secretAccessKey } = objects.gateway;
  const env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  return { objects: { kind: 's3', url, bucket }, env };
}

function composed(
  standalone: Standalone,
  lines: readonly string[],
  parts: AsyncDisposableStack,
): Cluster {
  return {
    home: standalone.home,
    lines,
    get agents() {
      return standalone.agents;
    },
    get bootstrap() {
      return standalone.agents.map((agent) => agent.address);
    },
    get postgres() {
      return standalone.postgres;
    },
    api: standalone.api,
    addAgent: () => standalone.addAgent(),
    removeAgent: (id) => standalone.removeAgent(id),
    killAgents: () => standalone.killAgents(),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
