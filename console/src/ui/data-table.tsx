/**
 * Rows of a fixed height under a header that stays. Only what is seen is in the page, so ten thousand rows cost as much as
 * fifty. Where a row leads is a real link in one of its cells.
 */
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { memo, type ReactNode, useEffect, useMemo, useRef } from 'react';
import { usePreferences } from './preferences.ts';

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  readonly isNumber?: boolean;
  /** At least; a narrow screen scrolls. */
  readonly rem: number;
  /** Its share of what is left. */
  readonly grow?: number;
  readonly isSortable?: boolean;
}

/** As in the URL: `name`, or `-name` downwards. */
export type Sort = string;

interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly sort?: Sort | undefined;
  readonly onSort?: (sort: Sort) => void;
  /** Asked for when the end comes into sight. */
  readonly onEnd?: (() => void) | undefined;
  readonly isSelected?: (row: Row) => boolean;
  /** Of the whole table; it scrolls within. */
  readonly heightMax?: Height;
  /** Keeps the last row in sight as rows are added, as long as nobody scrolls away from it. */
  readonly isFollowing?: boolean;
}

/** The sum of a share of the window in percent, and of heights of the font. */
interface Height {
  readonly dvh?: number;
  readonly rem?: number;
}

const HEIGHT_MAX: Height = { dvh: 70 };
const OVERSCAN = 12;

export function DataTable<Row>(props: TableProps<Row>) {
  const { label, columns, rows, keyOf, sort, onSort, onEnd, heightMax = HEIGHT_MAX } = props;
  const { density } = usePreferences();
  const scroller = useRef<HTMLDivElement>(null);
  const rowPx = useMemo(rowHeight, [density]);
  const isAtEnd = useRef(true);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: OVERSCAN,
    // Right at once, so that nothing is drawn twice.
    initialRect: { width: 0, height: heightPx(heightMax) },
  });
  useEffect(() => virtual.measure(), [virtual, rowPx]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - 1) onEnd?.();
  }, [last, rows.length, onEnd]);
  useEffect(() => {
    if (props.isFollowing === true && rows.length > 0 && isAtEnd.current)
      virtual.scrollToIndex(rows.length - 1);
  }, [props.isFollowing, rows.length, virtual]);
  const tracks = columns.map(trackOf).join(' ');
  const minWidth = `${columns.reduce((sum, { rem }) => sum + rem, 0)}rem`;
  return (
    <div
      ref={scroller}
      role="group"
      aria-label={label}
      // Whoever uses the keyboard scrolls it as well.
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < rowPx;
      }}
      className="relative overflow-auto"
      style={{ maxHeight: heightText(heightMax) }}
    >
      <div role="table" aria-label={label} aria-rowcount={rows.length + 1} style={{ minWidth }}>
        <div role="rowgroup" className="sticky top-0 z-10 border-b border-line bg-surface">
          <div
            role="row"
            aria-rowindex={1}
            className="grid"
            style={{ gridTemplateColumns: tracks }}
          >
            {columns.map((column) => (
              <Head key={column.id} column={column} sort={sort} onSort={onSort} />
            ))}
          </div>
        </div>
        <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, start }) => {
            const row = rows[index];
            return row === undefined ? null : (
              <KeptRow
                key={keyOf(row)}
                {...{ row, columns, index, tracks, rowPx }}
                startPx={start}
                isSelected={props.isSelected?.(row) === true}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** In pixels, as the styles say it for the density and the pointer. */
function rowHeight(): number {
  const style = getComputedStyle(document.documentElement);
  return Number.parseFloat(style.getPropertyValue('--row'));
}

function heightText({ dvh = 0, rem = 0 }: Height): string {
  return `calc(${dvh}dvh + ${rem}rem)`;
}

function heightPx({ dvh = 0, rem = 0 }: Height): number {
  const fontPx = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  return (window.innerHeight * dvh) / 100 + fontPx * rem;
}

function trackOf({ rem, grow = 0 }: { readonly rem: number; readonly grow?: number }): string {
  return grow === 0 ? `${rem}rem` : `minmax(${rem}rem, ${grow}fr)`;
}

interface BodyRowProps<Row> {
  readonly row: Row;
  readonly columns: readonly Column<Row>[];
  readonly index: number;
  readonly tracks: string;
  readonly startPx: number;
  readonly rowPx: number;
  readonly isSelected: boolean;
}

function BodyRow<Row>(props: BodyRowProps<Row>) {
  const { row, columns, index, tracks, startPx, rowPx, isSelected } = props;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={`absolute top-0 left-0 grid w-full items-center border-b border-line/60 hover:bg-raised ${
        isSelected ? 'bg-raised' : ''
      }`}
      style={{
        gridTemplateColumns: tracks,
        height: rowPx,
        transform: `translateY(${startPx}px)`,
      }}
    >
      {columns.map((column) => (
        <div
          key={column.id}
          role="cell"
          className={`truncate px-3 ${column.isNumber === true ? 'text-right' : ''}`}
        >
          {column.cell(row)}
        </div>
      ))}
    </div>
  );
}

/** Of a thousand topics few change at a time: the rows of the others stay as they are. */
const KeptRow = memo(BodyRow) as typeof BodyRow;

interface HeadProps<Row> {
  readonly column: Column<Row>;
  readonly sort: Sort | undefined;
  readonly onSort: ((sort: Sort) => void) | undefined;
}

function Head<Row>({ column, sort, onSort }: HeadProps<Row>) {
  const { id, title, isNumber, isSortable } = column;
  const align = isNumber === true ? 'justify-end text-right' : '';
  const className = `flex min-h-8 items-center gap-1 px-3 text-xs whitespace-nowrap text-muted ${align}`;
  if (isSortable !== true || onSort === undefined)
    return (
      <div role="columnheader" className={className}>
        {title}
      </div>
    );
  const direction = sort === id ? 'ascending' : sort === `-${id}` ? 'descending' : 'none';
  const Arrow = direction === 'descending' ? ArrowDown : ArrowUp;
  return (
    <div role="columnheader" aria-sort={direction} className={className}>
      <button
        type="button"
        className={`target inline-flex min-h-6 items-center gap-1 hover:text-ink ${
          isNumber === true ? 'flex-row-reverse' : ''
        }`}
        onClick={() => onSort(direction === 'ascending' ? `-${id}` : id)}
      >
        {title}
        <Arrow size={12} aria-hidden className={direction === 'none' ? 'invisible' : ''} />
      </button>
    </div>
  );
}

/** Of the exact size of a table with so many rows. */
export function TableSkeleton({ rows }: { readonly rows: number }) {
  return (
    <div aria-hidden>
      <div className="box-content h-8 border-b border-line pointer-coarse:h-11" />
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="flex h-(--row) items-center gap-6 border-b border-line/60 px-3">
          <div className="bone h-3 w-1/3" />
          <div className="bone h-3 w-1/6" />
          <div className="bone h-3 w-1/6" />
        </div>
      ))}
    </div>
  );
}

/** Made once: to say how texts are compared takes twenty times as long as to compare two. */
const TEXTS = new Intl.Collator('en', { numeric: true });

/** Rows in the order of a column's value; what is not known comes last. */
export function sorted<Row>(
  rows: readonly Row[],
  sort: Sort,
  values: Readonly<Record<string, (row: Row) => string | number | null>>,
): readonly Row[] {
  const isDown = sort.startsWith('-');
  const valueOf = values[isDown ? sort.slice(1) : sort];
  if (valueOf === undefined) return rows;
  return rows.toSorted((a, b) => {
    const [left, right] = [valueOf(a), valueOf(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    const order =
      typeof left === 'number' && typeof right === 'number'
        ? left - right
        : TEXTS.compare(String(left), String(right));
    return isDown ? -order : order;
  });
}
