/**
 * A chart over time: lines as they were measured, gaps as gaps, the last value of each in words, and the same figures as a table.
 * Charts of one page share the cursor.
 */
import { Table2 } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { IconButton } from './button.tsx';
import { clockTime } from './format.ts';
import { usePreferences, type Preferences } from './preferences.ts';

export type Colour = 'accent' | 'second' | 'third';

export interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
  readonly colour: Colour;
  readonly isArea?: boolean;
  readonly isDashed?: boolean;
}

interface ChartProps {
  readonly title: string;
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number | null) => string;
  /** Of the time that is shown, up to the last one. */
  readonly rangeSeconds: number;
  readonly kind?: 'lines' | 'bars';
  /** Of bytes: round figures are powers of two. */
  readonly isBinary?: boolean;
}

const HEIGHT_PX = 160;
/** Steps of an axis of bytes. */
const BINARY_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);
/** Rows of the table view, the newest. */
const TABLE_ROWS = 60;

export function Chart(props: ChartProps) {
  const { title, times, series, format } = props;
  const [isTable, setTable] = useState(false);
  return (
    <section aria-label={title} className="card min-w-0">
      <header className="flex min-h-9 flex-wrap items-center gap-x-3 border-b border-line px-3">
        <h2 className="font-semibold">{title}</h2>
        <span className="grow" />
        <Legend series={series} format={format} />
        <IconButton
          icon={Table2}
          label={isTable ? `${title} as a chart` : `${title} as a table`}
          aria-pressed={isTable}
          onClick={() => setTable(!isTable)}
        />
      </header>
      {isTable ? (
        <Figures {...{ title, times, series, format }} />
      ) : (
        <Plot {...props} isEmpty={series.every(({ values }) => values.every((v) => v === null))} />
      )}
    </section>
  );
}

const SWATCHES: Readonly<Record<Colour, string>> = {
  accent: 'bg-accent',
  second: 'bg-second',
  third: 'bg-third',
};

function Legend({ series, format }: Pick<ChartProps, 'series' | 'format'>) {
  return (
    <ul className="order-last flex basis-full flex-wrap gap-x-3 pb-1 text-xs sm:order-none sm:basis-auto sm:pb-0">
      {series.map(({ label, values, colour, isDashed }) => (
        <li key={label} className="flex items-center gap-1">
          <span
            aria-hidden
            className={`h-0.5 w-3 ${SWATCHES[colour]} ${isDashed === true ? 'opacity-50' : ''}`}
          />
          <span className="text-muted">{label}</span>
          <span>{format(values.at(-1) ?? null)}</span>
        </li>
      ))}
    </ul>
  );
}

function Plot(props: ChartProps & { readonly isEmpty: boolean }) {
  const { title, times, series, rangeSeconds, isEmpty } = props;
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const preferences = usePreferences();
  const isDark = useIsDark(preferences);
  const latest = useRef(props);
  latest.current = props;
  const shape = series.map(({ label }) => label).join();
  useEffect(() => {
    const element = holder.current;
    if (element === null) return undefined;
    const options = optionsOf(latest.current, element.clientWidth, preferences);
    const made = new uPlot(options, dataOf(latest.current), element);
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: HEIGHT_PX }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [preferences.zone, isDark, shape]);
  useEffect(() => {
    plot.current?.setData(dataOf(latest.current));
  }, [times, series, rangeSeconds]);
  return (
    // What is drawn is narrowed a moment after the page is.
    <div className="relative overflow-hidden" style={{ height: HEIGHT_PX }}>
      <div ref={holder} role="img" aria-label={`${title}: see the table view for the figures`} />
      {isEmpty && (
        <p className="absolute inset-0 flex items-center justify-center text-muted">
          Nothing was measured in this time
        </p>
      )}
    </div>
  );
}

function dataOf({ times, series }: ChartProps): uPlot.AlignedData {
  return [[...times], ...series.map(({ values }) => [...values])];
}

function optionsOf(props: ChartProps, width: number, { zone }: Preferences): uPlot.Options {
  const { series, format, rangeSeconds, kind = 'lines', isBinary } = props;
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => resolved(style.getPropertyValue(`--color-${name}`));
  const bars = kind === 'bars' ? uPlot.paths.bars?.({ size: [0.7, 24] }) : undefined;
  const axis = {
    stroke: colour('muted'),
    font: '11px ui-sans-serif, system-ui, sans-serif',
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT_PX,
    padding: [8, 28, 0, 0],
    cursor: { sync: { key: 'time' }, points: { size: 5 }, drag: { x: false, y: false } },
    legend: { show: false },
    scales: {
      x: {
        time: true,
        range: (plot, min, max) =>
          plot.data[0].length === 0
            ? [Date.now() / 1_000 - rangeSeconds, Date.now() / 1_000]
            : [Math.min(min, max - rangeSeconds), max],
      },
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] },
    },
    axes: [
      {
        ...axis,
        size: 24,
        values: (_, ticks) => ticks.map((seconds) => clockTime(seconds * 1_000, zone)),
        space: 80,
      },
      {
        ...axis,
        size: 64,
        values: (_, ticks) => ticks.map((value) => format(value)),
        space: 28,
        ...(isBinary === true ? { incrs: BINARY_STEPS } : {}),
      },
    ],
    series: [
      {},
      ...series.map(
        ({ label, colour: name, isArea, isDashed }): uPlot.Series => ({
          label,
          stroke: colour(name),
          width: 1.5,
          points: { show: false },
          spanGaps: false,
          ...(isDashed === true ? { dash: [4, 3] } : {}),
          ...(isArea === true || bars !== undefined ? { fill: `${colour(name)}33` } : {}),
          ...(bars === undefined ? {} : { paths: bars }),
        }),
      ),
    ],
  };
}

/** A colour as a canvas takes it: of the two of `light-dark()` the one that shows. */
function resolved(colour: string): string {
  const probe = document.createElement('span');
  probe.style.color = colour;
  document.body.append(probe);
  const numbers = getComputedStyle(probe).color.match(/[\d.]+/g) ?? [];
  probe.remove();
  const hex = numbers.slice(0, 3).map((part) => Number(part).toString(16).padStart(2, '0'));
  return `#${hex.join('')}`;
}

/** Whether it is dark now: a canvas has to be drawn anew when that changes. */
function useIsDark({ theme }: Preferences): boolean {
  const [isSystemDark, setSystemDark] = useState(() => darkQuery().matches);
  useEffect(() => {
    const query = darkQuery();
    const onChange = (): void => setSystemDark(query.matches);
    query.addEventListener('change', onChange);
    return () => query.removeEventListener('change', onChange);
  }, []);
  return theme === 'system' ? isSystemDark : theme === 'dark';
}

function darkQuery(): MediaQueryList {
  return window.matchMedia('(prefers-color-scheme: dark)');
}

function Figures({ title, times, series, format }: Omit<ChartProps, 'rangeSeconds' | 'kind'>) {
  const { zone } = usePreferences();
  const newest = times.map((time, index) => ({ time, index })).slice(-TABLE_ROWS);
  return (
    <div
      tabIndex={0}
      role="region"
      aria-label={`${title} in figures`}
      className="h-40 overflow-auto"
    >
      <table className="w-full text-right">
        <thead className="sticky top-0 bg-surface text-xs text-muted">
          <tr>
            <th className="px-3 py-1 text-left font-normal">Time</th>
            {series.map(({ label }) => (
              <th key={label} className="px-3 py-1 font-normal">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {newest.toReversed().map(({ time, index }) => (
            <tr key={time} className="border-t border-line/60">
              <td className="px-3 py-1 text-left">{clockTime(time * 1_000, zone)}</td>
              {series.map(({ label, values }) => (
                <td key={label} className="px-3 py-1">
                  {format(values[index] ?? null)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
