import { type AgentDescription, connectAdmin } from '@streamhouse/client/mod.ts';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { formatTime, printRows } from '../output/format.ts';
import type { Column } from '../output/table.ts';
import { connectOptions, outputOption } from './global.ts';

const AGENT_COLUMNS: readonly Column<AgentDescription>[] = [
  { title: 'AGENT', cell: (agent) => agent.agentId },
  { title: 'ADDRESS', cell: (agent) => agent.address },
  { title: 'POOL', cell: (agent) => agent.pool },
  { title: 'ZONE', cell: (agent) => agent.zone },
  { title: 'STATE', cell: (agent) => (agent.isDraining ? 'draining' : 'serving') },
  { title: 'PARTITIONS', cell: (agent) => agent.leases, align: 'right' },
  { title: 'INCARNATION', cell: (agent) => agent.incarnation, align: 'right' },
  { title: 'STARTED', cell: (agent) => formatTime(agent.startedAtMs) },
];

const EXAMPLES = `
Examples:
  streamhouse agents list
  streamhouse agents list --output json | jq -r '.[].address'`;

export function addAgentsCommand(program: Command, context: CliContext): void {
  const agents = program.command('agents').description('show the agents of the cluster');
  agents
    .command('list')
    .description('list the agents that are alive, and how many partitions each holds')
    .addHelpText('after', EXAMPLES)
    .action((_options: object, command: Command) => list(command, context));
}

async function list(command: Command, context: CliContext): Promise<void> {
  await using admin = await connectAdmin(connectOptions(command, context));
  const agents = await admin.agents({ signal: context.interrupted });
  await printRows(context, outputOption(command) ?? 'table', AGENT_COLUMNS, agents);
}
