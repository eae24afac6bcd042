/** What became of a request that may come again. */
export type RequestState =
  /** It is new, and the caller's to be done. */
  | { readonly kind: 'begun' }
  /** It was done, with this answer. */
  | { readonly kind: 'done'; readonly answer: string }
  /** Somebody is at it. */
  | { readonly kind: 'running' }
  /** Whoever was at it is gone or does not know: it may have been done. */
  | { readonly kind: 'unknown' }
  /** The key stands for another request. */
  | { readonly kind: 'other' };

/** Requests that clients have named, kept for a day, so that one that comes again is not done again, whoever it comes to. */
export interface RequestStore {
  /**
   * @param name of the request: who sent it, for what, and the key that they gave.
   * @param fingerprint of all that was sent.
   */
  begin(name: string, fingerprint: string, signal: AbortSignal): Promise<RequestState>;
  /** Keeps the answer of one that was begun. */
  finish(name: string, answer: string, signal: AbortSignal): Promise<void>;
  /** Nothing was done: its key is free again. */
  forget(name: string, signal: AbortSignal): Promise<void>;
}
