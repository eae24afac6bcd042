/** The last records that were sent from this page, in memory only. */
import { useQueryClient, useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';

export interface Sent {
  readonly id: number;
  readonly topic: string;
  readonly key: string | null;
  readonly value: string;
  readonly at: number;
  readonly status: 'sending' | 'sent' | 'failed';
  readonly partition: number | null;
  readonly offset: number | null;
  readonly error: string | null;
}

const SENT_MAX = 50;
const KEY = ['sent'];
const NONE: readonly Sent[] = [];

/** Newest first. */
export function useSent(): {
  readonly sent: readonly Sent[];
  readonly add: (record: Omit<Sent, 'id'>) => number;
  readonly settle: (id: number, outcome: Partial<Sent>) => void;
} {
  const client = useQueryClient();
  const { data: sent = NONE } = useQuery({
    queryKey: KEY,
    queryFn: () => client.getQueryData<readonly Sent[]>(KEY) ?? NONE,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  const update = useCallback(
    (change: (before: readonly Sent[]) => readonly Sent[]) =>
      client.setQueryData<readonly Sent[]>(KEY, (before = NONE) => change(before)),
    [client],
  );
  const add = useCallback(
    (record: Omit<Sent, 'id'>) => {
      const id = (client.getQueryData<readonly Sent[]>(KEY)?.[0]?.id ?? 0) + 1;
      update((before) => [{ ...record, id }, ...before].slice(0, SENT_MAX));
      return id;
    },
    [client, update],
  );
  const settle = useCallback(
    (id: number, outcome: Partial<Sent>) =>
      update((before) =>
        before.map((record) => (record.id === id ? { ...record, ...outcome } : record)),
      ),
    [update],
  );
  return { sent, add, settle };
}
