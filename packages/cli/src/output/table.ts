export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string | number;
  /** Numbers are read from their end. Default `left`. */
  readonly align?: 'left' | 'right';
}

const GAP = '  ';
const CHARACTERS = new Intl.Segmenter('en');

/** Rows under a line of titles, columns as wide as their widest cell, no space at a line's end. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => String(column.cell(row)))),
  ];
  const widths = columns.map((_, index) =>
    lines.reduce((width, cells) => Math.max(width, widthOf(cells[index] ?? '')), 0),
  );
  return lines
    .map((cells) =>
      cells.map((cell, at) => pad(cell, widths[at] ?? 0, columns[at]?.align)).join(GAP),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function pad(cell: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(width - widthOf(cell));
  return align === 'right' ? space + cell : cell + space;
}

/** Characters as people count them, not UTF-16 units. */
function widthOf(text: string): number {
  let width = 0;
  for (const _ of CHARACTERS.segment(text)) width++;
  return width;
}
