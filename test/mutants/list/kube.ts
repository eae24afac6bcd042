/** Bugs in how the operator follows an API server: what it takes for gone, what it forgets, and when two of it lead. */
import type { Mutant } from '../mutant.ts';
import { tests } from '../trial.ts';

const KUBE = 'operator/src/kube';
const HTTP = `${KUBE}/http-kube-api.ts`;
const HTTP_TEST = `${KUBE}/http-kube-api.test.ts`;
const REFLECTOR = `${KUBE}/reflector.ts`;
const REFLECTOR_TEST = `${KUBE}/reflector.test.ts`;
const QUEUE = `${KUBE}/work-queue.ts`;
const QUEUE_TEST = `${KUBE}/work-queue.test.ts`;
const ELECTION = `${KUBE}/leader-election.ts`;
const ELECTION_TEST = `${KUBE}/leader-election.test.ts`;

export const KUBE_MUTANTS: readonly Mutant[] = [
  {
    id: 'half-a-list-is-an-empty-one',
    bug: 'an answer without items counts as a list of nothing, and all that was known counts as deleted',
    invariants: [],
    patches: [
      {
        file: HTTP,
        find: 'if (body.items === undefined || resourceVersion === undefined)',
        replace: 'if (resourceVersion === undefined)',
      },
    ],
    killedBy: [tests(HTTP_TEST, 'no empty list')],
  },
  {
    id: 'pages-of-two-states',
    bug: 'a list is put together from pages of different states, so that objects are missing from it',
    invariants: [],
    patches: [
      {
        file: REFLECTOR,
        find: 'if (page.resourceVersion !== state)',
        replace: "if (page.resourceVersion === '')",
      },
    ],
    killedBy: [tests(REFLECTOR_TEST, 'page of another state')],
  },
  {
    id: 'late-event-brings-back-the-dead',
    bug: 'an event from before the last one is believed',
    invariants: [],
    patches: [
      {
        file: REFLECTOR,
        find: 'if (version === undefined || !isLater(version, this.#position)) return;',
        replace: 'if (version === undefined) return;',
      },
    ],
    killedBy: [tests(REFLECTOR_TEST, 'takes each event once')],
  },
  {
    id: 'change-during-work-is-lost',
    bug: 'a key that was added while it was worked on does not run again',
    invariants: [],
    patches: [{ file: QUEUE, find: 'this.#lines[again.lane].add(key);', replace: '' }],
    killedBy: [tests(QUEUE_TEST, 'runs again afterwards')],
  },
  {
    id: 'leader-outlives-its-lease',
    bug: 'an operator that cannot renew its Lease goes on leading while another one takes it',
    invariants: [],
    patches: [
      {
        file: ELECTION,
        find: '      cancel = clock.schedule(leftMs(), lose);',
        replace: '      cancel = clock.schedule(60_000, lose);',
      },
      {
        file: ELECTION,
        find: '!lost.signal.aborted && clock.monotonicMs() - this.#renewedMs < RENEW_DEADLINE_MS',
        replace: '!lost.signal.aborted',
      },
    ],
    killedBy: [tests(ELECTION_TEST, 'within 20 s of a crash')],
  },
  {
    id: 'two-take-a-free-lease',
    bug: 'a candidate takes a Lease whatever has become of it since it looked',
    invariants: [],
    patches: [
      {
        file: ELECTION,
        find: 'this.#observe(await kube.update<Lease>(LEASE, { ...lease, spec }, {}, signal));',
        replace:
          'this.#observe(await kube.update<Lease>(LEASE, { metadata: { namespace, name }, spec }, {}, signal));',
      },
    ],
    killedBy: [tests(ELECTION_TEST, 'lets one of two win')],
  },
  {
    id: 'connection-per-request',
    bug: 'each request to the API server opens a connection of its own',
    invariants: [],
    patches: [
      {
        file: `${KUBE}/http-connections.ts`,
        find: '      keepAlive: true,\n',
        replace: '      keepAlive: false,\n',
      },
    ],
    killedBy: [tests(HTTP_TEST, 'share few connections')],
  },
];
