import { useLagThresholds } from '../../queries/session.ts';
import { Status, type Tone } from '../../ui/status.tsx';
import { type LagState, lagState } from './lag-state.ts';

const LOOKS: Readonly<Record<LagState, readonly [Tone, string]>> = {
  'caught up': ['good', 'Caught up'],
  normal: ['good', 'Normal'],
  lagging: ['warn', 'Lagging'],
};

export function LagStatus({ lag }: { readonly lag: number | null }) {
  const thresholds = useLagThresholds();
  if (lag === null || thresholds === undefined) return <Status tone="none">Unknown</Status>;
  const [tone, word] = LOOKS[lagState(lag, thresholds)];
  return <Status tone={tone}>{word}</Status>;
}
