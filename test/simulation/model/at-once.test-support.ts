import type { Carrier } from './metadata.ts';

/** Every call arrives, and is answered, now. */
export const atOnce: Carrier = async (_name, _effect, signal, apply) => {
  signal.throwIfAborted();
  return apply();
};
