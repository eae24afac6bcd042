import type { FiguresHistory, MonitoringMetrics } from '@streamhouse/api/rest/metrics.ts';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { memo } from 'react';
import { messageOf } from '../../queries/api.ts';
import { useLive } from '../../queries/live.ts';
import { historyQuery, monitoringQuery } from '../../queries/metrics.ts';
import { Chart } from '../../ui/chart.tsx';
import { TableSkeleton } from '../../ui/data-table.tsx';
import { SelectField } from '../../ui/field.tsx';
import { Bytes, Card, Cards, Count } from '../../ui/figures.tsx';
import { byteRate, latency, rate } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Status } from '../../ui/status.tsx';
import { VerdictLine } from '../verdict-line.tsx';
import { LagTable } from './lag-table.tsx';
import { Resources } from './resources.tsx';
import { TopicTable } from './topic-table.tsx';

const route = getRouteApi('/monitoring');
const RANGE_DEFAULT = 60;
const EVERY_DEFAULT = 2;
const RANGES = [
  ['60', 'Last 1 min'],
  ['300', 'Last 5 min'],
  ['900', 'Last 15 min'],
  ['3600', 'Last 1 h'],
] as const;
const INTERVALS = ['2', '5', '10', '30', '60'].map(
  (seconds) => [seconds, `every ${seconds} s`] as const,
);

export function MonitoringPage() {
  const { range = RANGE_DEFAULT, every = EVERY_DEFAULT } = route.useSearch();
  const live = useLive(every * 1_000);
  // Without the socket it looks by itself.
  const refetchInterval = live === 'live' ? false : every * 1_000;
  const asked = useQuery({ ...monitoringQuery(), refetchInterval });
  const history = useQuery({ ...historyQuery(range), refetchInterval });
  const isCut = live === 'reconnecting';
  return (
    <Page title="Monitoring" actions={<Window {...{ range, every }} />}>
      <div className="flex flex-wrap items-center gap-3">
        <VerdictLine />
        {isCut && (
          <span role="alert">
            <Status tone="warn">Reconnecting</Status>
          </span>
        )}
      </div>
      <div className={`flex flex-col gap-3 ${isCut ? 'stale' : ''}`}>
        <Health metrics={asked.data} />
        <Charts history={history.data} rangeSeconds={range} />
        <div className="grid grid-cols-1 items-start gap-3 xl:grid-cols-2">
          <Panel
            title="Topics"
            asked={asked}
            describeError={messageOf}
            skeleton={<TableSkeleton rows={8} />}
          >
            {({ topicStats }) => <TopicTable topics={topicStats} />}
          </Panel>
          <div className="flex min-w-0 flex-col gap-3">
            <Panel
              title="Consumer lag"
              asked={asked}
              describeError={messageOf}
              skeleton={<TableSkeleton rows={4} />}
            >
              {({ consumerLags }) => <LagTable lags={consumerLags} />}
            </Panel>
            <Resources />
          </div>
        </div>
      </div>
    </Page>
  );
}

function Window({ range, every }: { readonly range: number; readonly every: number }) {
  const navigate = route.useNavigate();
  const change = (part: { readonly range?: number; readonly every?: number }): void =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  return (
    <div className="flex gap-2">
      <SelectField
        label="Window"
        isLabelHidden
        value={String(range)}
        onChange={(text) => change({ range: Number(text) })}
        options={RANGES}
      />
      <SelectField
        label="Interval"
        isLabelHidden
        value={String(every)}
        onChange={(text) => change({ every: Number(text) })}
        options={INTERVALS}
      />
    </div>
  );
}

function Health({ metrics }: { readonly metrics: MonitoringMetrics | undefined }) {
  const health: Partial<MonitoringMetrics['clusterHealth']> = metrics?.clusterHealth ?? {};
  return (
    <Cards label="The cluster in figures">
      <Card label="Topics">
        <Count value={health.totalTopics} />
      </Card>
      <Card label="Partitions">
        <Count value={health.totalPartitions} />
      </Card>
      <Card label="Consumer groups">
        <Count value={metrics?.consumerLags.length} />
      </Card>
      <Card label="Connections">
        <Count value={health.activeConnections} />
      </Card>
      <Card label="Memory of agents">
        <Bytes value={health.memoryUsageBytes} />
      </Card>
      <Card label="Disk (object store)">
        <Bytes value={health.diskUsageBytes} />
      </Card>
    </Cards>
  );
}

interface ChartsProps {
  readonly history: FiguresHistory | undefined;
  readonly rangeSeconds: number;
}

const NOTHING: readonly (number | null)[] = [];

/** Drawn only when there is something new to draw. */
const Charts = memo(function Charts({ history, rangeSeconds }: ChartsProps) {
  const times = history?.timestamp ?? [];
  const of = (name: Exclude<keyof FiguresHistory, 'timestamp'>): readonly (number | null)[] =>
    history?.[name] ?? NOTHING;
  const common = { times, rangeSeconds };
  return (
    <div className="grid grid-cols-1 gap-3 xl:grid-cols-2">
      <Chart
        {...common}
        title="Records"
        format={rate}
        series={[
          { label: 'produced', values: of('produceRate'), colour: 'accent' },
          { label: 'fetched', values: of('fetchRate'), colour: 'second' },
        ]}
      />
      <Chart
        {...common}
        title="Produce latency"
        format={latency}
        series={[
          { label: 'p50', values: of('produceP50'), colour: 'accent', isArea: true },
          { label: 'p95', values: of('produceP95'), colour: 'second', isArea: true },
          { label: 'p99', values: of('produceP99'), colour: 'third', isArea: true },
        ]}
      />
      <Chart
        {...common}
        title="Bytes"
        format={byteRate}
        kind="bars"
        isBinary
        series={[
          { label: 'produced', values: of('produceBytes'), colour: 'accent' },
          { label: 'fetched', values: of('fetchBytes'), colour: 'second' },
        ]}
      />
      <Chart
        {...common}
        title="Fetch latency"
        format={latency}
        series={[
          { label: 'p50', values: of('fetchP50'), colour: 'accent', isArea: true },
          { label: 'p95', values: of('fetchP95'), colour: 'second', isArea: true },
          { label: 'p99', values: of('fetchP99'), colour: 'third', isArea: true },
        ]}
      />
    </div>
  );
});
