import type { ConnectOptions } from '@streamhouse/client/mod.ts';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import type { OutputFormat } from '../output/format.ts';

/** Long enough for a failover, short enough for someone who mistyped an address. */
const CONNECT_TIMEOUT_MS = 5_000;

interface GlobalOptions {
  readonly bootstrap: string;
  readonly output?: OutputFormat;
}

/** How any command reaches the cluster; an interruption ends the attempt. */
export function connectOptions(command: Command, context: CliContext): ConnectOptions {
  const { bootstrap } = command.optsWithGlobals<GlobalOptions>();
  return { bootstrap, connectTimeoutMs: CONNECT_TIMEOUT_MS, signal: context.interrupted };
}

/** `--output`, undefined when it was not given. */
export function outputOption(command: Command): OutputFormat | undefined {
  return command.optsWithGlobals<GlobalOptions>().output;
}
