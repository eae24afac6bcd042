/**
 * Something in the metadata changed. A hint: the reader looks the state up, and polls as well. `groups` is who holds which
 * coordinator slot; a fence frees slots too, and tells `agents`.
 */
export type Change = 'topics' | 'leases' | 'agents' | 'groups';

export interface ChangeFeed {
  /**
   * Calls `onChange` for each notification until the signal aborts; after a lost connection it reconnects with backoff and
   * calls `onChange` for all of them, since some may have been missed. Resolves once listening.
   */
  listen(onChange: (change: Change) => void, signal: AbortSignal): Promise<void>;
}
