/** Every page by its path. Each is loaded when it is first gone to. */
import { LIVE_INTERVAL } from '@streamhouse/api/live.ts';
import { TOPIC_SORTS_SHOWN } from './pages/topics/sorts.ts';
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router';
import { BASE_PATH } from './queries/api.ts';
import { flagIn, oneOf, said, textIn, wholeIn } from './search.ts';
import { NotFound, PageFailure, Shell } from './shell/shell.tsx';

type Raw = Record<string, unknown>;

/** As often as the server speaks. */
const EVERY_SECONDS = { min: LIVE_INTERVAL.min / 1_000, max: LIVE_INTERVAL.max / 1_000 };

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: PageFailure,
});
const under = { getParentRoute: () => root } as const;

const dashboard = lazyRouteComponent(
  () => import('./pages/dashboard/dashboard-page.tsx'),
  'DashboardPage',
);
const home = createRoute({ ...under, path: '/', component: dashboard });
const dashboardRoute = createRoute({ ...under, path: '/dashboard', component: dashboard });

const topics = createRoute({
  ...under,
  path: '/topics',
  validateSearch: (raw: Raw) =>
    said({
      q: textIn(raw, 'q'),
      sort: oneOf(raw, 'sort', TOPIC_SORTS_SHOWN),
      create: flagIn(raw, 'create'),
    }),
  component: lazyRouteComponent(() => import('./pages/topics/topics-page.tsx'), 'TopicsPage'),
});
const topic = createRoute({
  ...under,
  path: '/topics/$name',
  validateSearch: (raw: Raw) =>
    said({
      sort: textIn(raw, 'sort'),
      change: flagIn(raw, 'change'),
      delete: flagIn(raw, 'delete'),
    }),
  component: lazyRouteComponent(() => import('./pages/topics/topic-page.tsx'), 'TopicPage'),
});
const records = createRoute({
  ...under,
  path: '/topics/$name/messages',
  validateSearch: (raw: Raw) =>
    said({
      partition: wholeIn(raw, 'partition'),
      offset: wholeIn(raw, 'offset'),
      timestamp: wholeIn(raw, 'timestamp'),
      max: wholeIn(raw, 'max', { min: 10, max: 1_000 }),
      q: textIn(raw, 'q'),
      filter: textIn(raw, 'filter'),
      record: wholeIn(raw, 'record'),
      tail: flagIn(raw, 'tail'),
    }),
  component: lazyRouteComponent(() => import('./pages/records/records-page.tsx'), 'RecordsPage'),
});
const producer = createRoute({
  ...under,
  path: '/console',
  validateSearch: (raw: Raw) => said({ topic: textIn(raw, 'topic') }),
  component: lazyRouteComponent(() => import('./pages/records/producer-page.tsx'), 'ProducerPage'),
});
const agents = createRoute({
  ...under,
  path: '/agents',
  validateSearch: (raw: Raw) => said({ q: textIn(raw, 'q'), sort: textIn(raw, 'sort') }),
  component: lazyRouteComponent(() => import('./pages/agents/agents-page.tsx'), 'AgentsPage'),
});
const agent = createRoute({
  ...under,
  path: '/agents/$id',
  component: lazyRouteComponent(() => import('./pages/agents/agent-page.tsx'), 'AgentPage'),
});
const groups = createRoute({
  ...under,
  path: '/consumer-groups',
  validateSearch: (raw: Raw) => said({ q: textIn(raw, 'q'), sort: textIn(raw, 'sort') }),
  component: lazyRouteComponent(() => import('./pages/groups/groups-page.tsx'), 'GroupsPage'),
});
const group = createRoute({
  ...under,
  path: '/consumer-groups/$id',
  validateSearch: (raw: Raw) => said({ sort: textIn(raw, 'sort'), reset: flagIn(raw, 'reset') }),
  component: lazyRouteComponent(() => import('./pages/groups/group-page.tsx'), 'GroupPage'),
});
const monitoring = createRoute({
  ...under,
  path: '/monitoring',
  validateSearch: (raw: Raw) =>
    said({
      range: wholeIn(raw, 'range', { min: 60, max: 3_600 }),
      every: wholeIn(raw, 'every', EVERY_SECONDS),
      sort: textIn(raw, 'sort'),
    }),
  component: lazyRouteComponent(
    () => import('./pages/monitoring/monitoring-page.tsx'),
    'MonitoringPage',
  ),
});

const routeTree = root.addChildren([
  ...[home, dashboardRoute, topics, topic, records, producer],
  ...[agents, agent, groups, group, monitoring],
]);

export function createConsoleRouter() {
  return createRouter({
    routeTree,
    basepath: BASE_PATH === '' ? '/' : BASE_PATH,
    defaultPreload: 'intent',
    scrollRestoration: true,
    // A list begins with its first row, unless somebody comes back to it: the router would carry on from the page before.
    scrollToTopSelectors: ['[role=group]'],
    defaultErrorComponent: PageFailure,
    defaultNotFoundComponent: NotFound,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
