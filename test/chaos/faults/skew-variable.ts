/** Names the variable with the milliseconds that `clock-skew.ts` adds. */
export const SKEW_VARIABLE = 'CHAOS_CLOCK_SKEW_MS';
