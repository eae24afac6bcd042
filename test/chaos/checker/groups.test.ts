import { expect, test } from 'vitest';
import { checkEvents } from './check-history.ts';
import { A, B, kindsOf, ONE, remade, Script, three } from './script.test-support.ts';

const ALL = [
  [0, 'a'],
  [1, 'b'],
  [2, 'c'],
] as const;

/** Member `m` is handed out "a" and "b" in generation 1. */
function begun(): Script {
  return three().own('m', 1).consume('m', 1, ALL.slice(0, 2));
}

test.each<[what: string, history: Script]>([
  [
    'a member that reads and commits',
    begun()
      .commit('m', 1, 2)
      .consume('m', 1, [[2, 'c']]),
  ],
  [
    'a member that goes on in a later generation without being told anything',
    begun()
      .consume('m', 2, [[2, 'c']])
      .commit('m', 2, 3),
  ],
  [
    'a next owner that goes on right after what the last one was done with',
    begun()
      .commit('m', 1, 2)
      .own('m', 1, 'revoked')
      .own('n', 2)
      .consume('n', 2, [[2, 'c']]),
  ],
  [
    'a next owner that reads again what was not committed',
    begun().own('n', 2).consume('n', 2, ALL),
  ],
  [
    'a next owner of a member that committed by itself, with its next poll',
    begun()
      .consume('m', 1, [])
      .own('n', 2)
      .consume('n', 2, [[2, 'c']]),
  ],
  [
    'a member that slept, reads on in its old generation, and is refused',
    begun()
      .own('n', 2)
      .consume('n', 2, ALL)
      .consume('m', 1, [[2, 'c']])
      .commit('m', 1, 3, 'fail'),
  ],
  [
    'a commit of unknown outcome in an old generation',
    begun().own('n', 2).commit('m', 1, 2, 'info'),
  ],
  [
    'a commit that was under way when the next generation began',
    begun().commitBegins('m', 1, 2).own('n', 2).commitEnds('m', 1, 2),
  ],
  [
    'a commit that was invoked in an old generation and counted in the new one',
    begun().own('n', 2, 'assigned', ONE).commitBegins('m', 1, 2).commitEnds('m', 2, 2),
  ],
  [
    'an old generation in another group',
    begun()
      .add('x', 'ok', {
        f: 'own',
        value: { group: 'h', generation: 9, change: 'assigned', partitions: [] },
      })
      .commit('m', 1, 2),
  ],
  [
    'two owners of one partition in two groups',
    begun().add('x', 'ok', {
      f: 'own',
      value: {
        group: 'h',
        generation: 1,
        change: 'assigned',
        partitions: [{ topic: 't', partition: 0 }],
      },
    }),
  ],
  ['two owners of two partitions in one generation', begun().own('n', 1, 'assigned', ONE)],
  [
    'two owners of a name in one generation, one in each topic that had it',
    remade()
      .send('p', ['b'], [0])
      .own('m', 1, 'assigned', A)
      .own('n', 1, 'assigned', B)
      .consume('m', 1, [[0, 'a']])
      .consume('n', 1, [[0, 'b']]),
  ],
  [
    'the same, where only the values tell',
    new Script()
      .topic('create', 'A')
      .send('p', ['a'], [0])
      .assign('c', 0)
      .poll('c', [[0, 'a']])
      .topic('delete')
      .topic('create', 'B')
      .send('p', ['b'], [0])
      .own('m', 1)
      .own('n', 1)
      .consume('m', 1, [[0, 'a']])
      .consume('n', 1, [[0, 'b']])
      .readAll(['b'], B),
  ],
  [
    'the beginning of a topic that was made again',
    remade()
      .send('p', ['b'], [0])
      .own('m', 1, 'assigned', A)
      .consume('m', 1, [[0, 'a']])
      .own('m', 1, 'lost', A)
      .own('m', 2, 'assigned', B)
      .consume('m', 2, [[0, 'b']]),
  ],
  [
    'a member that does not tell what it has',
    three().consume('m', 1, ALL.slice(0, 1)).consume('m', 1, ALL.slice(1)),
  ],
  [
    'a member that gets back what it had, from where it committed',
    begun().own('m', 1, 'lost').own('m', 2).consume('m', 2, ALL),
  ],
])('finds nothing in %s', (_, history) => {
  expect(kindsOf(history)).toEqual([]);
});

test.each<[what: string, expected: string, history: Script]>([
  [
    'a commit in a generation that was over before it was invoked',
    'stale-generation',
    begun().own('n', 2, 'assigned', ONE).commit('m', 1, 2),
  ],
  [
    'one of a member that only polls of others tell of a later generation',
    'stale-generation',
    begun()
      .own('n', 1, 'assigned', ONE)
      .consume('n', 3, [[0, 'x']], ONE)
      .commit('m', 1, 2),
  ],
  [
    'one although others, who are behind, go on to show its generation',
    'stale-generation',
    begun()
      .own('n', 2, 'assigned', ONE)
      .own('o', 1, 'assigned', { partition: 2 })
      .commit('m', 1, 2),
  ],
  [
    'a member that reads what it has given up',
    'poll-skip',
    begun()
      .own('m', 1, 'revoked')
      .consume('m', 1, [[2, 'c']]),
  ],
  ['two members that are told of one partition', 'double-owner', begun().own('n', 1)],
  [
    'a member that reads on in the generation that gave its partition to another one',
    'double-owner',
    begun()
      .own('n', 2)
      .consume('m', 2, [[2, 'c']]),
  ],
  [
    'two owners in a topic that was made again',
    'double-owner',
    remade().own('m', 1, 'assigned', B).own('n', 1, 'assigned', B),
  ],
  [
    'a next owner that begins behind what the last one was done with',
    'group-skip',
    begun()
      .commit('m', 1, 2)
      .own('n', 2)
      .consume('n', 2, [[3, 'd']]),
  ],
  [
    'a next owner that begins behind what the last one still had in its hands',
    'group-skip',
    begun()
      .own('n', 2)
      .consume('n', 2, [[2, 'c']]),
  ],
  [
    'a first owner that does not begin at the beginning',
    'group-skip',
    three()
      .own('m', 1)
      .consume('m', 1, [[1, 'b']]),
  ],
  [
    'a gap within one poll',
    'group-skip',
    three()
      .own('m', 1)
      .consume('m', 1, [
        [0, 'a'],
        [2, 'c'],
      ]),
  ],
  ['a gap between two polls', 'group-skip', begun().consume('m', 1, [[3, 'd']])],
  [
    'a topic that was made again and is read from the offset of the old one',
    'group-skip',
    remade()
      .own('m', 1, 'assigned', A)
      .consume('m', 1, [[0, 'a']])
      .commit('m', 1, 1, 'ok', A)
      .own('m', 2, 'assigned', B)
      .consume('m', 2, [[1, 'b']]),
  ],
  ['a member that goes back', 'nonmonotonic-poll', begun().consume('m', 1, [[1, 'b']])],
  ['a commit of more than was handed out', 'commit-ahead', begun().commit('m', 1, 3)],
  [
    'a commit before anything was handed out',
    'commit-ahead',
    three().own('m', 1).commit('m', 1, 1),
  ],
  [
    'a commit of what another member has in its hands',
    'commit-ahead',
    three().own('m', 1).own('n', 2).consume('n', 2, ALL).commit('m', 2, 3),
  ],
])('finds %s: %s', (_, expected, history) => {
  expect(kindsOf(history)).toEqual([expected]);
});

test('tells who committed in which generation, and what showed that it was over', () => {
  const [anomaly] = checkEvents(begun().own('n', 2).commit('m', 1, 2).events).anomalies;
  expect(anomaly?.findings).toEqual([
    {
      text: 'm committed in generation 1 of group g (#7), which was in 2 before (#5)',
      events: [5, 7],
      values: [],
      offsets: [],
    },
  ]);
});

test('counts what groups read and committed', () => {
  const { figures } = checkEvents(begun().commit('m', 1, 2).commit('m', 1, 2, 'fail').events);
  expect(figures.groups).toEqual({ reads: 2, commits: 1 });
});
