import { expect, test } from 'vitest';
import { ANOMALIES, FINDINGS_MAX } from './anomaly.ts';
import { checkEvents } from './check-history.ts';
import { A, B, kindsOf, ONE, remade, Script, three } from './script.test-support.ts';

const script = (): Script => new Script();

test.each<[what: string, expected: readonly string[], history: Script]>([
  [
    'an acknowledged record that a reader left out',
    ['lost-write', 'poll-skip'],
    three()
      .assign('c', 0)
      .poll('c', [
        [0, 'a'],
        [2, 'c'],
      ]),
  ],
  [
    'an acknowledged record at whose offset another one is',
    ['inconsistent-offsets', 'lost-write'],
    three().send('q', ['x'], 'info').readAll(['a', 'x', 'c']),
  ],
  ['an acknowledged record behind the end', ['unseen'], three().readAll(['a', 'b'])],
  [
    'an acknowledged record that the final reads did not come to',
    ['unseen'],
    three()
      .final()
      .end(3)
      .assign('f', 0)
      .poll('f', [
        [0, 'a'],
        [1, 'b'],
      ]),
  ],
  [
    'an acknowledged record that was read and is gone at the end',
    ['unseen'],
    three()
      .assign('c', 0)
      .poll('c', [
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
      ])
      .readAll(['a', 'b']),
  ],
  [
    'a record of unknown outcome that was read and is gone at the end',
    ['unseen'],
    script()
      .send('p', ['a'], 'info')
      .assign('c', 0)
      .poll('c', [[0, 'a']])
      .readAll([]),
  ],
  [
    'a record that was acknowledged while the end was asked for, below it',
    ['unseen'],
    script()
      .send('p', ['a'], [0])
      .final()
      .add('final', 'invoke', { f: 'end', value: { ends: [] } })
      .send('p', ['b'], [1])
      .add('final', 'ok', { f: 'end', value: { ends: [{ topic: 't', partition: 0, offset: 2 }] } })
      .assign('f', 0)
      .poll('f', [[0, 'a']]),
  ],
  [
    'two readers that see different values at an offset',
    ['inconsistent-offsets'],
    script()
      .send('p', ['a'], 'info')
      .send('q', ['x'], 'info')
      .assign('c', 0)
      .poll('c', [[0, 'a']])
      .assign('d', 0)
      .poll('d', [[0, 'x']]),
  ],
  [
    'two sends that were given the same offset',
    ['inconsistent-offsets'],
    script().send('p', ['a'], [0]).send('q', ['b'], [0]),
  ],
  [
    'two records of one send that were given the same offset',
    ['inconsistent-offsets'],
    script().send('p', ['a', 'b'], [0, 0]),
  ],
  [
    'a record that was read twice, at two offsets',
    ['duplicate'],
    script().send('p', ['a'], 'info').readAll(['a', 'a']),
  ],
  [
    'a record that is not where its acknowledgement said',
    ['duplicate'],
    script()
      .send('q', ['x'], 'info')
      .send('p', ['a'], [0])
      .assign('c', 1)
      .poll('c', [[1, 'a']]),
  ],
  [
    'a refused record that was read later',
    ['aborted-read'],
    script().send('p', ['a'], 'fail').readAll(['a']),
  ],
  [
    'a refused record that was read before it was refused',
    ['aborted-read'],
    script().sendBegins('p', ['a']).readAll(['a']).sendEnds('p', ['a'], 'fail'),
  ],
  ['a record that nobody sent', ['phantom'], three().readAll(['a', 'b', 'c', 'x'])],
  ['a record that was sent only later', ['phantom'], script().readAll(['a']).send('p', ['a'], [0])],
  [
    'a record that was sent only after it was read and after others',
    ['phantom'],
    script()
      .assign('c', 1)
      .poll('c', [[1, 'a']])
      .send('p', ['x'], [0])
      .send('p', ['a'], [1]),
  ],
  [
    'a record of another partition',
    ['phantom'],
    script()
      .send('p', ['a'], 'info')
      .assign('c', 0, ONE)
      .poll('c', [[0, 'a']], ONE),
  ],
  [
    'a record of another topic',
    ['phantom'],
    script()
      .send('p', ['a'], 'info')
      .assign('c', 0, { topic: 'u' })
      .poll('c', [[0, 'a']], { topic: 'u' }),
  ],
  [
    'a record of a deleted topic in its successor',
    ['wrong-incarnation'],
    remade()
      .assign('c', 0)
      .poll('c', [[0, 'a']]),
  ],
  [
    'a record that is in two topics of a name',
    ['wrong-incarnation'],
    script()
      .topic('create', 'A')
      .send('p', ['a'], 'info')
      .assign('c', 0)
      .poll('c', [[0, 'a']])
      .topic('delete')
      .topic('create', 'B')
      .readAll(['a'], B),
  ],
  [
    'a record that was meant for one topic in another of its name',
    ['wrong-incarnation'],
    script()
      .send('p', ['a'], 'info', A)
      .assign('c', 0, B)
      .poll('c', [[0, 'a']], B),
  ],
  [
    'a reader of one topic that gets records of another of its name',
    ['wrong-incarnation'],
    script()
      .send('p', ['a'], [0], B)
      .assign('c', 0, A)
      .poll('c', [[0, 'a']], B),
  ],
  [
    'a reader that is told that it has another topic than it was assigned',
    ['wrong-incarnation'],
    script()
      .send('p', ['a'], 'info')
      .assign('c', 0, A)
      .poll('c', [[0, 'a']], B),
  ],
  [
    'a topic that is read after its deletion, though nobody made it again',
    ['wrong-incarnation'],
    script()
      .topic('create', 'A')
      .send('p', ['a'], [0])
      .topic('delete')
      .assign('c', 0, A)
      .poll('c', [[0, 'a']]),
  ],
  [
    'a topic that is still read after its deletion',
    ['wrong-incarnation'],
    remade()
      .assign('c', 0, A)
      .poll('c', [[0, 'a']]),
  ],
  [
    'a gap within one poll',
    ['poll-skip'],
    script()
      .send('p', ['a', 'c'], 'info')
      .assign('c', 0)
      .poll('c', [
        [0, 'a'],
        [2, 'c'],
      ]),
  ],
  [
    'a gap between two polls',
    ['poll-skip'],
    script()
      .send('p', ['a', 'c'], 'info')
      .assign('c', 0)
      .poll('c', [[0, 'a']])
      .poll('c', [[2, 'c']]),
  ],
  [
    'a first poll that begins behind the assigned offset',
    ['poll-skip'],
    script()
      .send('p', ['c'], 'info')
      .assign('c', 1)
      .poll('c', [[2, 'c']]),
  ],
  [
    'a poll of a partition that was not assigned',
    ['poll-skip'],
    script()
      .send('p', ['a'], [0], ONE)
      .assign('c', 0)
      .poll('c', [[0, 'a']], ONE),
  ],
  [
    'a first poll that begins before the assigned offset',
    ['nonmonotonic-poll'],
    three()
      .assign('c', 1)
      .poll('c', [
        [0, 'a'],
        [1, 'b'],
      ]),
  ],
  [
    'a record that is handed out twice in one poll',
    ['nonmonotonic-poll'],
    three()
      .assign('c', 0)
      .poll('c', [
        [0, 'a'],
        [0, 'a'],
        [1, 'b'],
      ]),
  ],
  [
    'a poll that begins again',
    ['nonmonotonic-poll'],
    three()
      .assign('c', 0)
      .poll('c', [
        [0, 'a'],
        [1, 'b'],
      ])
      .poll('c', [[0, 'a']]),
  ],
  [
    'records of one send that are in another order',
    ['nonmonotonic-send'],
    script().send('p', ['a', 'b'], 'info').readAll(['b', 'a']),
  ],
  [
    'records of one send that are acknowledged in another order',
    ['nonmonotonic-send'],
    script().send('p', ['a', 'b'], [1, 0]),
  ],
  [
    'a later send that is before an earlier one',
    ['nonmonotonic-send'],
    script().send('p', ['a'], [1]).send('p', ['b'], [0]),
  ],
  [
    'records that were read in another order than acknowledged',
    ['duplicate', 'inconsistent-offsets', 'nonmonotonic-send'],
    script().send('p', ['a', 'b'], [0, 1]).readAll(['b', 'a']),
  ],
  [
    'records that were acknowledged in another order than read',
    ['duplicate', 'inconsistent-offsets', 'nonmonotonic-send'],
    script().send('p', ['a', 'b'], [1, 0]).readAll(['a', 'b']),
  ],
  [
    'an overtaken send whose answer never came',
    ['nonmonotonic-send'],
    script().sendBegins('p', ['a']).send('p', ['b'], [0]).readAll(['b', 'a']),
  ],
])('finds %s', (_, expected, history) => {
  expect(kindsOf(history)).toEqual(expected);
});

test('shows the evidence of what it finds', () => {
  const { anomalies } = checkEvents(
    script()
      .send('p', ['a'], [0])
      .assign('c', 0)
      .poll('c', [[0, 'x']]).events,
  );
  expect(anomalies.map(({ kind, findings }) => [kind, findings])).toEqual([
    [
      'lost-write',
      [
        {
          text: '"a", sent by p (#0), acknowledged at t/0 offset 0 (#1), never read though others went past it',
          events: [0, 1],
          values: ['a'],
          offsets: [0],
        },
      ],
    ],
    [
      'inconsistent-offsets',
      [
        {
          text: 't/0 offset 0 held "a" (#1), and holds "x" (#5)',
          events: [1, 5],
          values: ['a', 'x'],
          offsets: [0],
        },
      ],
    ],
    [
      'phantom',
      [
        {
          text: '"x" was read at t/0 offset 0 (#5), and never sent',
          events: [5],
          values: ['x'],
          offsets: [0],
        },
      ],
    ],
  ]);
});

test('counts what several readers saw once, and keeps the first of many', () => {
  const values = Array.from({ length: FINDINGS_MAX + 5 }, (_, number) => `x${number}`);
  const reads = values.map((value, offset) => [offset, value] as const);
  const history = script().assign('c', 0).poll('c', reads).assign('d', 0).poll('d', reads);
  const [anomaly, ...others] = checkEvents(history.events).anomalies;
  expect(others).toEqual([]);
  expect(anomaly).toMatchObject({ kind: 'phantom', total: FINDINGS_MAX + 5 });
  expect(anomaly?.findings).toHaveLength(FINDINGS_MAX);
  expect(anomaly?.meaning).toBe(ANOMALIES.phantom);
  const one = script()
    .assign('c', 0)
    .poll('c', [[0, 'x']])
    .assign('d', 0)
    .poll('d', [[0, 'x']]);
  expect(checkEvents(one.events).anomalies[0]?.findings).toHaveLength(1);
});

test('tells the figures of a history', () => {
  const history = script()
    .send('p', ['a', 'b'], [0, 1])
    .send('p', ['c'], 'fail')
    .send('p', ['d'], 'open')
    .assign('c', 0)
    .poll('c', [[0, 'a']])
    .send('q', ['e', 'f'], 'info')
    .send('r', ['g'], [0], ONE)
    .readAll(['a', 'b']);
  expect(checkEvents(history.events).figures).toEqual({
    events: history.events.length,
    acknowledged: 3,
    failed: 1,
    unknown: 3,
    reads: 3,
    groups: { reads: 0, commits: 0 },
    // Acknowledged at 1 ms, read at 8 ms.
    lag: { records: 1, p50Ms: 7, p99Ms: 7, maxMs: 7 },
    readLate: 1,
    unjudged: { records: 1, partitions: ['t/1'] },
  });
});

test('names each event of the evidence once, in order, and a topic whose name was given again by its identity', () => {
  const history = remade().send('q', ['x', 'y'], [1, 0]);
  const [anomaly] = checkEvents(history.events).anomalies;
  const [invoked, answered] = [history.events.length - 2, history.events.length - 1];
  expect(anomaly?.findings).toEqual([
    {
      text: `q sent "x" (#${invoked}) before "y" (#${invoked}) to t(B)/0, where they are at offset 1 (#${answered}) and 0 (#${answered})`,
      events: [invoked, answered],
      values: ['x', 'y'],
      offsets: [1, 0],
    },
  ]);
});

test('leaves no record unjudged but acknowledged ones', () => {
  const history = script()
    .send('p', ['a'], 'info')
    .assign('c', 0)
    .poll('c', [[0, 'a']]);
  expect(checkEvents(history.events).figures.unjudged.records).toBe(0);
});

test('a record that is there twice was first read when it was read first', () => {
  const history = script()
    .send('p', ['a'], [0])
    .assign('c', 0)
    .poll('c', [[0, 'a']]);
  history.poll('c', [[1, 'a']]);
  expect(checkEvents(history.events).figures.lag).toMatchObject({ records: 1, maxMs: 4 });
});
