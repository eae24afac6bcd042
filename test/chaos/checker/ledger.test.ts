import { expect, test } from 'vitest';
import { checkEvents } from './check-history.ts';
import { HistoryError } from './history-reader.ts';
import { A, B, kindsOf, ONE, remade, Script, three } from './script.test-support.ts';

const script = (): Script => new Script();

test.each<[what: string, history: Script]>([
  ['a history of nothing', script()],
  [
    'what was sent, read by all',
    three()
      .assign('c', 0)
      .poll('c', [
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
      ])
      .readAll(['a', 'b', 'c']),
  ],
  ['a record of unknown outcome that was read', script().send('p', ['a'], 'info').readAll(['a'])],
  ['a record of unknown outcome that was not', script().send('p', ['a'], 'info').readAll([])],
  [
    'a record whose client crashed and that landed late, behind others',
    script().send('p', ['a'], 'open').send('p.1', ['b'], [0]).readAll(['b', 'a']),
  ],
  [
    'a refused record that nobody read',
    script().send('p', ['a'], 'fail').send('p', ['b'], [0]).readAll(['b']),
  ],
  [
    'a record that is sent again under another value after it was refused',
    script().send('p', ['a'], 'fail').send('p', ['a again'], [0]).readAll(['a again']),
  ],
  [
    'a record that is read before its answer is there',
    script().sendBegins('p', ['a']).readAll(['a']).sendEnds('p', ['a'], [0]),
  ],
  [
    'a record that several readers got',
    three()
      .assign('c', 0)
      .poll('c', [[0, 'a']])
      .assign('d', 0)
      .poll('d', [[0, 'a']]),
  ],
  [
    'a gap across an assignment',
    three()
      .assign('c', 0)
      .poll('c', [[0, 'a']])
      .assign('c', 2)
      .poll('c', [[2, 'c']]),
  ],
  [
    'a reader that is assigned back',
    three()
      .assign('c', 1)
      .poll('c', [[1, 'b']])
      .assign('c', 0)
      .poll('c', [
        [0, 'a'],
        [1, 'b'],
      ]),
  ],
  [
    'a reader that begins without an assignment',
    three().poll('c', [
      [1, 'b'],
      [2, 'c'],
    ]),
  ],
  [
    'acknowledged records before the first that anybody read',
    three()
      .assign('c', 2)
      .poll('c', [[2, 'c']]),
  ],
  [
    'acknowledged records between what two readers read',
    three()
      .assign('c', 0)
      .poll('c', [[0, 'a']])
      .assign('d', 2)
      .poll('d', [[2, 'c']]),
  ],
  [
    'a record that was acknowledged after the end was asked for',
    three().readAll(['a', 'b', 'c']).send('p', ['d'], [3]),
  ],
  [
    'sends of two processes in another order',
    script()
      .sendBegins('p', ['a'])
      .send('q', ['b'], [0])
      .sendEnds('p', ['a'], [1])
      .readAll(['b', 'a']),
  ],
  [
    'sends of one process to two partitions',
    script().send('p', ['a'], [5]).send('p', ['b'], [0], ONE),
  ],
  [
    'answers in another order than sends',
    script()
      .sendBegins('p', ['a'])
      .sendBegins('p', ['b'])
      .sendEnds('p', ['b'], [1])
      .sendEnds('p', ['a'], [0]),
  ],
  [
    'gaps that records of others fill',
    script().send('p', ['a', 'b'], [0, 2]).send('q', ['x'], [1]).readAll(['a', 'x', 'b']),
  ],
  ['the same offset in two topics of a name', remade().send('q', ['b'], [0]).readAll(['b'], B)],
  [
    'two processes that use a name before and after it was given again',
    remade()
      .send('q', ['b'], [0])
      .assign('c', 0)
      .poll('c', [[0, 'b']])
      .readAll(['b'], B),
  ],
  [
    'a send that may have gone to either topic of its name',
    script()
      .topic('create', 'A')
      .sendBegins('p', ['a'])
      .topic('delete')
      .topic('create', 'B')
      .sendEnds('p', ['a'], [0])
      .send('q', ['b'], [1])
      .readAll(['a', 'b'], B),
  ],
  [
    'a send of unknown outcome that went to the successor',
    script()
      .topic('create', 'A')
      .sendBegins('p', ['a'])
      .topic('delete')
      .topic('create', 'B')
      .readAll(['a'], B),
  ],
  [
    'a reader that goes on with what it had when its topic was deleted',
    script()
      .topic('create', 'A')
      .send('p', ['a'], [0])
      .assign('c', 0)
      .topic('delete')
      .topic('create', 'B')
      .poll('c', [[0, 'a']]),
  ],
  [
    'a creation that was refused because the topic is there',
    script()
      .topic('create', 'A')
      .topic('create', undefined, 'fail')
      .send('p', ['a'], [0])
      .assign('c', 0)
      .poll('c', [[0, 'a']]),
  ],
  [
    'a creation whose outcome was unknown until it was asked for again',
    script()
      .topic('create', undefined, 'info')
      .topic('create', 'A')
      .send('p', ['a'], [0])
      .readAll(['a'], A),
  ],
  [
    'a topic whose identity some events tell and some do not',
    three()
      .assign('c', 0, A)
      .poll('c', [
        [0, 'a'],
        [1, 'b'],
      ])
      .send('q', ['d'], [3])
      .readAll(['a', 'b', 'c', 'd']),
  ],
  [
    'a creation that was asked for again, and a name that is used after it',
    script()
      .topic('create', undefined, 'info')
      .topic('create', 'A')
      .send('p', ['a'], [0])
      .readAll(['a']),
  ],
  [
    'a creation that was refused, of a topic that others saw meanwhile',
    script()
      .topicBegins('create')
      .send('p', ['a'], [0], A)
      .add('admin', 'fail', { f: 'topic', value: { change: 'create', topic: 't' } })
      .assign('c', 0)
      .poll('c', [[0, 'a']]),
  ],
  ['an end that was told before the final reads', three().end(3)],
])('accepts %s', (_, history) => {
  expect(kindsOf(history)).toEqual([]);
});

test.each<[fault: string, history: Script]>([
  ['line 3: sends "a" again, which #0 sent', script().send('p', ['a'], [0]).send('q', ['a'], [1])],
  ['line 1: sends "a" again, which #0 sent', script().send('p', ['a', 'a'], [0, 1])],
  ['line 1: p ends a send that it did not invoke', script().sendEnds('p', ['a'], [0])],
  [
    'line 2: q ends a send that it did not invoke',
    script().sendBegins('p', ['a']).sendEnds('q', ['a'], [0]),
  ],
  [
    'line 2: p ends a send that it did not invoke',
    script().sendBegins('p', ['a', 'b']).sendEnds('p', ['b', 'a'], [0, 1]),
  ],
  [
    'line 2: p ends a send that it did not invoke',
    script().sendBegins('p', ['a', 'b']).sendEnds('p', ['a'], [0]),
  ],
  [
    'line 2: p ends a send that it did not invoke',
    script().sendBegins('p', ['a']).sendEnds('p', ['a'], [0], ONE),
  ],
  ['line 3: ends a send that #1 ended', script().send('p', ['a'], [0]).sendEnds('p', ['a'], [0])],
  ['line 3: p goes on after #1 said info', script().send('p', ['a'], 'info').send('p', ['b'], [0])],
  [
    'line 1: c ends a poll that it did not invoke',
    script().add('c', 'ok', { f: 'poll', value: { records: [] } }),
  ],
  [
    'line 2: c invokes a poll while that of #0 is open',
    script()
      .add('c', 'invoke', { f: 'poll', value: { records: [] } })
      .add('c', 'invoke', { f: 'poll', value: { records: [] } }),
  ],
  ['line 2: assigns t/0 twice', script().assign('c', 0, {}, {})],
  [
    'line 5: several topics may be meant by "t"',
    script().topic('create', 'A').topicBegins('create').assign('c', 0),
  ],
])('refuses a history that breaks its own rules: %s', (fault, { events }) => {
  expect(() => checkEvents(events)).toThrow(HistoryError);
  expect(() => checkEvents(events)).toThrow(fault);
});
