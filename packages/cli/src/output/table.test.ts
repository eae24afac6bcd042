import { describe, expect, it } from 'vitest';
import { type Column, renderTable } from './table.ts';

interface Row {
  readonly name: string;
  readonly size: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', cell: (row) => row.name },
  { title: 'SIZE', cell: (row) => row.size, align: 'right' },
  { title: 'NOTE', cell: () => '' },
];

describe('renderTable', () => {
  it('makes columns as wide as their widest cell and aligns numbers to the right', () => {
    const rows = [
      { name: 'a', size: 1 },
      { name: 'a-long-one', size: 12_345 },
    ];
    expect(renderTable(COLUMNS, rows)).toBe(
      ['NAME         SIZE  NOTE', 'a               1', 'a-long-one  12345', ''].join('\n'),
    );
  });

  it('prints the titles when there are no rows', () => {
    expect(renderTable(COLUMNS, [])).toBe('NAME  SIZE  NOTE\n');
  });

  it('counts characters, not UTF-16 units', () => {
    const rows = [
      { name: '🙂🙂', size: 1 },
      { name: 'ab', size: 2 },
    ];
    expect(renderTable(COLUMNS, rows)).toBe('NAME  SIZE  NOTE\n🙂🙂       1\nab       2\n');
  });
});
