/** The one place that says who may do what: principal, verb and resource. What is not allowed here is refused. */
import { StreamError } from '@streamhouse/core/errors.ts';
import type { KubeReviews } from './identity/kube-reviews.ts';
import type { Attempt, Principal } from './identity/principal.ts';

export interface AuthorizeOptions {
  /** No mutation is taken, whoever asks. */
  readonly isReadOnly: boolean;
  readonly reviews: Pick<KubeReviews, 'isAllowed'> | undefined;
}

/** @throws StreamError `unauthorized` FORBIDDEN or READ_ONLY. */
export async function authorize(
  principal: Principal,
  attempt: Attempt,
  options: AuthorizeOptions,
  signal: AbortSignal,
): Promise<void> {
  const { noun, verb } = attempt;
  if (options.isReadOnly && verb !== 'read') {
    throw new StreamError('unauthorized', 'READ_ONLY', 'this server takes no mutations');
  }
  if (await isAllowed(principal, attempt, options, signal)) return;
  const message = `${principal.name} may not ${verb} ${noun}${attempt.name === undefined ? '' : ` "${attempt.name}"`}`;
  throw new StreamError('unauthorized', 'FORBIDDEN', message);
}

async function isAllowed(
  principal: Principal,
  attempt: Attempt,
  { reviews }: AuthorizeOptions,
  signal: AbortSignal,
): Promise<boolean> {
  switch (principal.kind) {
    case 'loopback':
      return true;
    case 'apiKey':
      return principal.scopes.has(`${attempt.noun}:${attempt.verb === 'read' ? 'read' : 'write'}`);
    case 'kubernetes':
      return (await reviews?.isAllowed(principal, attempt, signal)) === true;
  }
}
