import type { Noun, Verb } from '@streamhouse/api/rest/route.ts';

/** `write` is every verb but `read`. */
export type Scope = `${Noun}:${'read' | 'write'}`;

/** Who asks. The id is unique over all kinds, for limits, logs and repeated requests. */
export type Principal =
  /** A program of this machine, where no keys are set up. */
  | { readonly kind: 'loopback'; readonly id: string; readonly name: string }
  | {
      readonly kind: 'apiKey';
      readonly id: string;
      readonly name: string;
      readonly scopes: ReadonlySet<Scope>;
    }
  /** As the API server knows the bearer of the token. */
  | {
      readonly kind: 'kubernetes';
      readonly id: string;
      readonly name: string;
      readonly uid: string | undefined;
      readonly groups: readonly string[];
      readonly extra: Readonly<Record<string, readonly string[]>>;
    };

/** What somebody wants to do. */
export interface Attempt {
  readonly noun: Noun;
  readonly verb: Verb;
  /** Of the topic, agent or group; undefined: of none in particular. */
  readonly name: string | undefined;
}

export const LOOPBACK: Principal = { kind: 'loopback', id: 'loopback', name: 'this machine' };
