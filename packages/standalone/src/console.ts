/** What the terminal shows. Pure: facts -> text. */
import { objectsFolder, type StandaloneSettings } from './settings.ts';
import type { Standalone } from './standalone.ts';

const DEFAULT_BOOTSTRAP_PORT = '9090';

/** Seconds since the start, as wide for the first minutes as later. */
export function elapsed(ms: number): string {
  return `${(ms / 1_000).toFixed(2).padStart(7)} s`;
}

/** What runs where, and what to type next. Shows no password. */
export function readyScreen(settings: StandaloneSettings, standalone: Standalone): string {
  const { agents, postgres } = standalone;
  const rows = [
    ...agents.map((agent) => [
      agent.id,
      `${agent.address}   pid ${agent.pid}   ${agent.metricsUrl}`,
    ]),
    [
      'postgres',
      `${new URL(postgres.url).host}${postgres.pid === undefined ? '' : `   pid ${postgres.pid}`}`,
    ],
    ['objects', objectsPlace(settings)],
    ['logs', agents[0] === undefined ? '' : agents[0].logFile.replace(/[^/\\]+$/, '')],
  ];
  const table = rows.map(([name, where]) => `  ${name?.padEnd(10)}${where}\n`).join('');
  return `\n${table}\nNext, in another terminal:\n\n${nextCommands(agents[0]?.address ?? '')}\nCtrl-C drains and stops all of it.\n\n`;
}

function objectsPlace(settings: StandaloneSettings): string {
  const { objects, home } = settings;
  return objects.kind === 'directory'
    ? objectsFolder(home)
    : `${objects.url}, bucket ${objects.bucket}`;
}

function nextCommands(address: string): string {
  const isDefault = address.endsWith(`:${DEFAULT_BOOTSTRAP_PORT}`);
  const bootstrap = isDefault ? '' : ` --bootstrap ${address}`;
  return [
    `  npx streamhouse topics create orders --partitions 6${bootstrap}\n`,
    `  echo 'hello' | npx streamhouse produce orders${bootstrap}\n`,
    `  npx streamhouse consume orders --from earliest${bootstrap}\n`,
  ].join('');
}
