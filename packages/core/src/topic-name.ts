import { StreamError } from './errors.ts';
import { LIMITS } from './limits.ts';

const ALLOWED = /^[a-zA-Z0-9._-]+$/;

/**
 * Checks a name that a user gives to a topic: Kafka's rules, so that names can move between both.
 *
 * @throws StreamError `invalid` TOPIC_NAME naming the rule.
 */
export function checkTopicName(name: string): void {
  const fault = faultOf(name);
  if (fault !== undefined)
    throw new StreamError('invalid', 'TOPIC_NAME', `the topic name ${fault}`);
}

function faultOf(name: string): string | undefined {
  if (name === '') return 'must not be empty';
  if (name.length > LIMITS.topicNameCharsMax) {
    return `has at most ${LIMITS.topicNameCharsMax} characters, got ${name.length}`;
  }
  if (!ALLOWED.test(name)) return 'may have letters a-z and A-Z, digits, ".", "_" and "-" only';
  if (name === '.' || name === '..') return 'must not be "." or ".."';
  if (name.startsWith('__')) return 'must not begin with "__": such names are reserved';
  return undefined;
}
