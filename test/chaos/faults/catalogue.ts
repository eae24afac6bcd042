import { kill } from './agents.ts';
import type { FaultKind, StartFault } from './fault.ts';

export const FAULTS: Record<FaultKind, StartFault> = { kill };
