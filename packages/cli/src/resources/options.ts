import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { ApiClient } from './api-client.ts';

export interface ResourceOptions {
  readonly server: string;
  readonly namespace?: string;
}

const SERVER_DEFAULT = 'http://127.0.0.1:3001';
const NAMESPACE_DEFAULT = 'default';

/** The options of all commands that speak of resources. */
export function withResourceOptions(command: Command, context: CliContext): Command {
  return command
    .option(
      '--server <url>',
      'the API that keeps the resources (env: STREAMHOUSE_SERVER)',
      context.server ?? SERVER_DEFAULT,
    )
    .option('-n, --namespace <name>', `where the resources are (default: "${NAMESPACE_DEFAULT}")`);
}

export function apiClient(options: ResourceOptions, context: CliContext): ApiClient {
  const { server, namespace = NAMESPACE_DEFAULT } = options;
  return new ApiClient({ server, namespace, clock: context.clock, signal: context.interrupted });
}
