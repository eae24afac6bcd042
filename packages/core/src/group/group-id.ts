import { StreamError } from '../errors.ts';
import { LIMITS } from '../limits.ts';

/** Characters that no terminal or log line shows as they are, NUL among them, which Postgres has not in its texts. */
const CONTROL = /\p{Cc}/u;

/**
 * Checks a name that a user gives to a consumer group. Any text, as in Kafka, but for its length and control characters.
 *
 * @throws StreamError `invalid` GROUP_ID naming the rule.
 */
export function checkGroupId(id: string): void {
  const fault = idFault(id);
  if (fault !== undefined) throw new StreamError('invalid', 'GROUP_ID', `the group id ${fault}`);
}

/** What is wrong with a group's id, or with another name that a member gives; undefined: nothing. */
export function idFault(id: string): string | undefined {
  if (id === '') return 'must not be empty';
  if (id.length > LIMITS.groupIdCharsMax)
    return `has at most ${LIMITS.groupIdCharsMax} characters, got ${id.length}`;
  if (CONTROL.test(id)) return 'must have no control characters';
  if (!id.isWellFormed()) return 'must be valid Unicode';
  return undefined;
}
