/** What the API server says of a bearer's token (TokenReview) and of its rights (SubjectAccessReview), remembered for a while. */
import { hash } from 'node:crypto';
import type { Noun, Verb } from '@streamhouse/api/rest/route.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { KubeApi, KubeObject, ResourceType } from '../../kube/kube-api.ts';
import type { Attempt, Principal } from './principal.ts';

type KubePrincipal = Extract<Principal, { kind: 'kubernetes' }>;

/** Milliseconds that an answer counts: a token that is revoked, or a right that is taken, works no longer than this. */
const ALLOWED_MS = 60_000;
const DENIED_MS = 10_000;

const TOKEN_REVIEWS: ResourceType = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'tokenreviews',
  kind: 'TokenReview',
  isNamespaced: false,
};

const ACCESS_REVIEWS: ResourceType = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  isNamespaced: false,
};

interface TokenReview extends KubeObject {
  readonly spec: { readonly token: string; readonly audiences: readonly string[] };
  readonly status?: {
    readonly authenticated?: boolean;
    readonly audiences?: readonly string[];
    readonly user?: {
      readonly username?: string;
      readonly uid?: string;
      readonly groups?: readonly string[];
      readonly extra?: Readonly<Record<string, readonly string[]>>;
    };
  };
}

interface AccessReview extends KubeObject {
  readonly spec: object;
  readonly status?: { readonly allowed?: boolean };
}

/** What a role grants for a noun, in the group `streamhouse.io`, in all namespaces: names of topics are in none. */
const RESOURCES: Readonly<
  Record<Noun, { readonly resource: string; readonly subresource?: string }>
> = {
  topics: { resource: 'topics' },
  records: { resource: 'topics', subresource: 'records' },
  agents: { resource: 'agents' },
  groups: { resource: 'consumergroups' },
  metrics: { resource: 'metrics' },
};

export interface KubeReviewsOptions {
  readonly kube: KubeApi;
  /** That a token must have been made for. */
  readonly audience: string;
  readonly clock: Clock;
}

export class KubeReviews {
  readonly #options: KubeReviewsOptions;
  readonly #principals: Remembered<KubePrincipal | undefined>;
  readonly #rights: Remembered<boolean>;

  constructor(options: KubeReviewsOptions) {
    this.#options = options;
    this.#principals = new Remembered(options.clock);
    this.#rights = new Remembered(options.clock);
  }

  /**
   * Whose token it is; undefined when the API server does not take it. `admit` is called before that is asked, and may throw.
   * @throws StreamError `unavailable` REVIEW_FAILED.
   */
  principal(
    token: string,
    admit: () => void,
    signal: AbortSignal,
  ): Promise<KubePrincipal | undefined> {
    const key = hash('sha256', token, 'base64url');
    return this.#principals.get(key, () => {
      admit();
      return this.#reviewToken(token, signal);
    });
  }

  /** Whether the API server lets them. @throws StreamError `unavailable` REVIEW_FAILED. */
  isAllowed(who: KubePrincipal, attempt: Attempt, signal: AbortSignal): Promise<boolean> {
    const key = JSON.stringify([who, attempt]);
    return this.#rights.get(key, () => this.#reviewAccess(who, attempt, signal));
  }

  async #reviewToken(token: string, signal: AbortSignal): Promise<KubePrincipal | undefined> {
    const { kube, audience } = this.#options;
    const review: TokenReview = { metadata: { name: '' }, spec: { token, audiences: [audience] } };
    const { status } = await asked(kube.create(TOKEN_REVIEWS, review, signal));
    const { username, uid, groups = [], extra = {} } = status?.user ?? {};
    // An API server that knows no audiences names none: such a token could be for anybody.
    const isOurs = status?.authenticated === true && status.audiences?.includes(audience) === true;
    if (!isOurs || username === undefined) return undefined;
    return { kind: 'kubernetes', id: `kube:${username}`, name: username, uid, groups, extra };
  }

  async #reviewAccess(who: KubePrincipal, attempt: Attempt, signal: AbortSignal): Promise<boolean> {
    const { noun, verb, name } = attempt;
    const { name: user, uid, groups, extra } = who;
    const review: AccessReview = {
      metadata: { name: '' },
      spec: {
        ...{ user, uid, groups, extra },
        resourceAttributes: {
          group: 'streamhouse.io',
          ...RESOURCES[noun],
          verb: kubeVerb(verb, name),
          name,
        },
      },
    };
    const { status } = await asked(this.#options.kube.create(ACCESS_REVIEWS, review, signal));
    return status?.allowed === true;
  }
}

function kubeVerb(verb: Verb, name: string | undefined): string {
  if (verb !== 'read') return verb;
  return name === undefined ? 'list' : 'get';
}

/** That this server may not ask is its own fault, and no answer about who asked it. */
async function asked<T>(review: Promise<T>): Promise<T> {
  try {
    return await review;
  } catch (cause) {
    const message = `the API server of Kubernetes cannot be asked: ${toStreamError(cause).message}`;
    throw new StreamError('unavailable', 'REVIEW_FAILED', message, { cause, retryAfterMs: 1_000 });
  }
}

/** Answers for a while, and each question only once at a time. */
class Remembered<T> {
  readonly #clock: Clock;
  readonly #answers = new Map<string, { readonly answer: Promise<T>; untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async get(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#answers.get(key);
    if (known !== undefined && known.untilMs > this.#clock.monotonicMs()) return await known.answer;
    const entry = { answer: ask(), untilMs: Number.POSITIVE_INFINITY };
    this.#answers.delete(key);
    this.#answers.set(key, entry);
    const oldest = this.#answers.keys().next().value;
    if (this.#answers.size > LIMITS.apiReviewsMax && oldest !== undefined)
      this.#answers.delete(oldest);
    try {
      const answer = await entry.answer;
      entry.untilMs = this.#clock.monotonicMs() + (answer ? ALLOWED_MS : DENIED_MS);
      return answer;
    } catch (error) {
      if (this.#answers.get(key) === entry) this.#answers.delete(key);
      throw error;
    }
  }
}
