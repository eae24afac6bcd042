/** Who asks: from a bearer's token, from a browser's cookie, or because only this machine can ask at all. */
import type { IncomingMessage } from 'node:http';
import { SESSION_COOKIE } from '@streamhouse/api/rest/openapi.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { type ApiKeys, isApiKey } from './api-keys.ts';
import { FailureGate } from './failure-gate.ts';
import type { KubeReviews } from './kube-reviews.ts';
import { LOOPBACK, type Principal } from './principal.ts';

export interface Identified {
  readonly principal: Principal;
  /** A browser sends it by itself, whatever page asks: unsafe methods need more than this. */
  readonly isAmbient: boolean;
}

export interface AuthenticatorOptions {
  /** Everyone who can connect is let in: for servers of the loopback interface only. */
  readonly isLoopback: boolean;
  /** The keys as they are now; undefined: none are taken. */
  readonly keys: () => ApiKeys | undefined;
  readonly reviews: KubeReviews | undefined;
  readonly clock: Clock;
}

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #gate: FailureGate;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#gate = new FailureGate(options.clock);
  }

  /**
   * @throws StreamError `unauthorized` UNAUTHENTICATED, the same for every reason; `overloaded` TOO_MANY_FAILURES.
   */
  async identify(
    headers: IncomingMessage['headers'],
    address: string,
    signal: AbortSignal,
  ): Promise<Identified> {
    const { authorization, cookie } = headers;
    if (this.#options.isLoopback) return { principal: LOOPBACK, isAmbient: true };
    const token = authorization === undefined ? cookieOf(cookie) : bearerOf(authorization);
    const principal = await this.verify(token ?? '', address, signal);
    return { principal, isAmbient: authorization === undefined };
  }

  /** Whose token it is. @throws as `identify`. */
  async verify(token: string, address: string, signal: AbortSignal): Promise<Principal> {
    const principal = await this.#principalOf(token, address, signal);
    return principal ?? this.#refuse(address);
  }

  /** What stands for a token elsewhere, where one that is wrong costs a look. @throws as `identify`. */
  async redeem<T>(look: () => Promise<T | undefined>, address: string): Promise<T> {
    this.#gate.check(address);
    return (await look()) ?? this.#refuse(address);
  }

  #refuse(address: string): never {
    this.#gate.check(address);
    this.#gate.fail(address);
    throw new StreamError('unauthorized', 'UNAUTHENTICATED', 'a valid token is required');
  }

  async #principalOf(
    token: string,
    address: string,
    signal: AbortSignal,
  ): Promise<Principal | undefined> {
    const { keys, reviews, clock } = this.#options;
    // A request without any is looked up as well, so that it takes as long.
    if (isApiKey(token) || reviews === undefined) return keys()?.principal(token, clock.wallMs());
    if (token === '' || token.length > LIMITS.apiTokenCharsMax) return undefined;
    return await reviews.principal(token, () => this.#gate.check(address), signal);
  }
}

function bearerOf(authorization: string): string | undefined {
  return /^Bearer +([\x21-\x7e]+)$/i.exec(authorization)?.[1];
}

function cookieOf(header: string | undefined): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const [name = '', value = ''] = part.trim().split('=', 2);
    if (name === SESSION_COOKIE) return decoded(value);
  }
  return undefined;
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
