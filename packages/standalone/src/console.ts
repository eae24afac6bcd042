/** What the terminal shows. Pure: facts -> text. */
import { objectsFolder, SAMPLES, type StandaloneSettings } from './settings.ts';
import type { Standalone } from './standalone.ts';

const DEFAULT_BOOTSTRAP_PORT = '9090';
const DEFAULT_API_PORT = '3001';

/** Seconds since the start, as wide for the first minutes as later. */
export function elapsed(ms: number): string {
  return `${(ms / 1_000).toFixed(2).padStart(7)} s`;
}

/** What runs where, and what to type next. Shows no password. */
export function readyScreen(settings: StandaloneSettings, standalone: Standalone): string {
  const { agents, postgres, api } = standalone;
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
    ...(api === undefined
      ? []
      : [
          ['console', api.url],
          ['api', `${api.url}/swagger-ui`],
        ]),
    ['logs', agents[0] === undefined ? '' : agents[0].logFile.replace(/[^/\\]+$/, '')],
  ];
  const table = rows.map(([name, where]) => `  ${name?.padEnd(11)}${where}\n`).join('');
  const next = nextCommands(settings, agents[0]?.address, api?.url);
  return `\n${table}\nNext, in another terminal:\n\n${next}\nCtrl-C drains and stops all of it.\n\n`;
}

function objectsPlace(settings: StandaloneSettings): string {
  const { objects, home } = settings;
  return objects.kind === 'directory'
    ? objectsFolder(home)
    : `${objects.url}, bucket ${objects.bucket}`;
}

function nextCommands(
  settings: StandaloneSettings,
  address: string | undefined,
  apiUrl: string | undefined,
): string {
  const bootstrap = optionOf('--bootstrap', address, DEFAULT_BOOTSTRAP_PORT);
  const server = optionOf('--server', apiUrl, DEFAULT_API_PORT);
  // The samples have a topic of that name.
  const first =
    settings.resources?.manifests === SAMPLES
      ? `get topics${server}`
      : `topics create orders --partitions 6${bootstrap}`;
  return [
    `  npx streamhouse ${first}\n`,
    `  echo 'hello' | npx streamhouse produce orders${bootstrap}\n`,
    `  npx streamhouse consume orders --from earliest${bootstrap}\n`,
  ].join('');
}

/** Nothing where the command would find it by itself. */
function optionOf(name: string, place: string | undefined, defaultPort: string): string {
  return place === undefined || place.endsWith(`:${defaultPort}`) ? '' : ` ${name} ${place}`;
}
