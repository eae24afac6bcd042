import { AGENT_POOL } from '@streamhouse/api/crd/agent-pool.ts';
import type { ResourceKind } from '@streamhouse/api/crd/resource.ts';
import { TOPIC } from '@streamhouse/api/crd/topic.ts';
import { CommandError, EXIT } from '../exit-code.ts';

/** What commands need of any kind, whatever its spec. */
export type Kind = Pick<
  ResourceKind,
  'group' | 'version' | 'kind' | 'plural' | 'singular' | 'shortNames' | 'columns' | 'scale'
>;

const KINDS: readonly Kind[] = [TOPIC, AGENT_POOL];

/** The kind that a user means by `topic`, `topics`, `Topic` or `sht`, in any case of the letters. */
export function kindOf(word: string): Kind {
  const text = word.toLowerCase();
  const kind = KINDS.find(({ singular, plural, shortNames, group }) =>
    [singular, plural, ...shortNames, `${plural}.${group}`, `${singular}.${group}`].includes(text),
  );
  if (kind !== undefined) return kind;
  const known = KINDS.map(({ plural }) => plural).join(' and ');
  throw new CommandError(EXIT.usage, `there is no kind ${JSON.stringify(word)}; use ${known}`);
}

export interface Target {
  readonly kind: Kind;
  readonly name: string;
}

/** What `topic/orders` and `topic orders payments` name. */
export function targetsOf(words: readonly string[]): Target[] {
  const [first = '', ...names] = words;
  if (!first.includes('/')) {
    const kind = kindOf(first);
    return names.map((name) => ({ kind, name: checkedName(name) }));
  }
  return words.map((word) => {
    const [type = '', name = '', ...rest] = word.split('/');
    if (name === '' || rest.length > 0)
      throw new CommandError(
        EXIT.usage,
        `${JSON.stringify(word)} is not as in topic/orders; correct it`,
      );
    return { kind: kindOf(type), name: checkedName(name) };
  });
}

/** A name that could change the path of a request is none. */
function checkedName(name: string): string {
  if (/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) && name.length <= 253) return name;
  const rule = 'use lower case letters, digits, "-" and "."';
  throw new CommandError(EXIT.usage, `${JSON.stringify(name)} is no name of a resource; ${rule}`);
}

/** As in `topic.streamhouse.io/orders`. */
export function fullName({ kind, name }: Target): string {
  return `${kind.singular}.${kind.group}/${name}`;
}
