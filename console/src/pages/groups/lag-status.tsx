import { Status, type Tone } from '../../ui/status.tsx';

/** Records that a group may be behind before it counts as lagging. */
const LAG_NORMAL_MAX = 1_000;

type LagState = 'caught up' | 'normal' | 'lagging';

export function lagState(lag: number): LagState {
  return lag === 0 ? 'caught up' : lag <= LAG_NORMAL_MAX ? 'normal' : 'lagging';
}

const LOOKS: Readonly<Record<LagState, readonly [Tone, string]>> = {
  'caught up': ['good', 'Caught up'],
  normal: ['good', 'Normal'],
  lagging: ['warn', 'Lagging'],
};

export function LagStatus({ lag }: { readonly lag: number | null }) {
  if (lag === null) return <Status tone="none">Unknown</Status>;
  const [tone, word] = LOOKS[lagState(lag)];
  return <Status tone={tone}>{word}</Status>;
}
