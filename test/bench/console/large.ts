/** What is asked of a large cluster, of its endpoints and of the pages. */
import type { Call } from '@streamhouse/api/rest/client.ts';
import { GROUPS, TOPICS, WIDE } from '../api/many.ts';
import { FIRST_ROW, type Search } from './measure.ts';

const NAME = 'shop.orders-04242';
const GROUP = 'readers-0500';
/** In the name of one topic only. */
const RARE = '09998';

/** Each list by its first page, its longest one, sorted, and searched for what is rare, everywhere or nowhere. */
export const ENDPOINTS: Readonly<Record<string, (call: Call) => Promise<unknown>>> = {
  topics: (call) => call('GET /api/v1/topics', {}),
  'topics, 1,000 of them': (call) => call('GET /api/v1/topics', { query: { limit: 1_000 } }),
  'topics by age, 200 of them': (call) => topics(call, { sort: '-created_at' }),
  'topics by partitions, 200 of them': (call) => topics(call, { sort: '-partitions' }),
  'topics with a rare text': (call) => topics(call, { q: RARE }),
  'topics with a text that all have': (call) => topics(call, { q: 'ORDERS', sort: '-name' }),
  'topics with a text that none has': (call) => topics(call, { q: 'nothing' }),
  'the second page of topics': async (call) => {
    const { headers } = await topics(call, { q: 'shop' });
    const cursor = /[?&]cursor=([^&>]+)/.exec(headers.get('link') ?? '')?.[1];
    if (cursor === undefined) throw new Error('there is no second page');
    return await topics(call, { q: 'shop', cursor: decodeURIComponent(cursor) });
  },
  'a topic': (call) => call('GET /api/v1/topics/{name}', { path: { name: NAME } }),
  'a topic with 1,000 partitions': (call) =>
    call('GET /api/v1/topics/{name}', { path: { name: WIDE.name } }),
  '1,000 partitions': (call) =>
    call('GET /api/v1/topics/{name}/partitions', {
      ...{ path: { name: WIDE.name }, query: { limit: 1_000 } },
    }),
  'a partition': (call) =>
    call('GET /api/v1/topics/{name}/partitions/{id}', { path: { name: WIDE.name, id: 999 } }),
  agents: (call) => call('GET /api/v1/agents', {}),
  'an agent': (call) => call('GET /api/v1/agents/{id}', { path: { id: 'agent-0' } }),
  '1,000 partitions of an agent': (call) =>
    call('GET /api/v1/agents/{id}/partitions', {
      path: { id: 'agent-0' },
      query: { limit: 1_000 },
    }),
  'consumer groups, 1,000 of them': (call) =>
    call('GET /api/v1/consumer-groups', { query: { limit: GROUPS } }),
  'consumer groups with a rare text': (call) =>
    call('GET /api/v1/consumer-groups', { query: { q: '0999' } }),
  'a consumer group': (call) => call('GET /api/v1/consumer-groups/{id}', { path: { id: GROUP } }),
  'the lag of a consumer group': (call) =>
    call('GET /api/v1/consumer-groups/{id}/lag', { path: { id: GROUP } }),
  metrics: (call) => call('GET /api/v1/metrics', {}),
  'an hour of metrics': (call) =>
    call('GET /api/v1/metrics/history', { query: { seconds: 3_600 } }),
  'metrics of the founding format': (call) => call('GET /api/monitoring/metrics', {}),
};

function topics(
  call: Call,
  query: {
    readonly q?: string;
    readonly sort?: '-created_at' | '-partitions' | '-name';
    readonly cursor?: string;
  },
) {
  return call('GET /api/v1/topics', { query: { limit: 200, ...query } });
}

/** Each page, and what shows that it is there. Records are read from agents, of which this cluster has none. */
export const PAGES: Readonly<Record<string, string>> = {
  '/dashboard': FIRST_ROW,
  '/topics': FIRST_ROW,
  '/topics?sort=-created_at': FIRST_ROW,
  [`/topics?q=${RARE}`]: FIRST_ROW,
  [`/topics/${NAME}`]: FIRST_ROW,
  [`/topics/${WIDE.name}`]: FIRST_ROW,
  [`/console?topic=${NAME}`]: 'form[aria-label="Send a record"]',
  '/agents': FIRST_ROW,
  '/agents/agent-0': FIRST_ROW,
  '/consumer-groups': FIRST_ROW,
  [`/consumer-groups/${GROUP}`]: FIRST_ROW,
  '/monitoring': FIRST_ROW,
};

const FOUND = { selector: '[role="option"]' } as const;
const PALETTE = {
  path: '/topics',
  keys: 'Control+k',
  label: 'Page, topic, agent or group',
} as const;

export const SEARCHES: Readonly<Record<string, Search>> = {
  'one topic of them': {
    ...{ path: '/topics', label: 'Search topics', typed: RARE },
    found: { selector: 'span', text: '1 topic found' },
  },
  'topics with a text that all have': {
    ...{ path: '/topics', label: 'Search topics', typed: 'orders' },
    found: { selector: 'span', text: `${(TOPICS - 2).toLocaleString('en')} topics found` },
  },
  'one group of them': {
    ...{ path: '/consumer-groups', label: 'Search groups', typed: '0999' },
    found: { selector: FIRST_ROW, text: 'readers-0999' },
  },
  'a topic from anywhere': { ...PALETTE, typed: RARE, found: { ...FOUND, text: RARE } },
  'a group from anywhere': { ...PALETTE, typed: '0999', found: { ...FOUND, text: 'readers-0999' } },
};
