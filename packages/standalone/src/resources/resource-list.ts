import type { ListQuery, WatchQuery } from '@streamhouse/operator/kube/kube-api.ts';
import type { ApiObject } from './api-object.ts';
import { isJsonObject } from './json.ts';
import { type LabelSelector, matchesLabels, parseLabelSelector } from './label-selector.ts';
import { badRequest, expired } from './refusals.ts';
import type { Table } from './table.ts';

interface Page {
  readonly items: readonly ApiObject[];
  readonly resourceVersion: string;
  readonly continueToken?: string;
}

interface Place {
  /** The state that all pages of one list show. */
  readonly version: number;
  /** The last key of the page before. */
  readonly after: string;
}

/** @throws KubeError EXPIRED when the pages before are from too long ago. */
export function listPage(table: Table, version: number, query: ListQuery): Page {
  const isWanted = objectFilter(query);
  const { limit = 0, continueToken } = query;
  const place: Place =
    continueToken === undefined ? { version, after: '' } : readToken(continueToken);
  const objects = place.version > version ? undefined : table.at(place.version);
  if (objects === undefined)
    throw expired('The provided continue parameter is too old: list again from the beginning');
  const keys = [...objects.keys()].filter((key) => key > place.after).toSorted();
  const items: ApiObject[] = [];
  const resourceVersion = String(place.version);
  let last = '';
  for (const key of keys) {
    const object = objects.get(key);
    if (object === undefined || !isWanted(object)) continue;
    if (limit > 0 && items.length === limit) {
      const continueNext = writeToken({ version: place.version, after: last });
      return { items, resourceVersion, continueToken: continueNext };
    }
    items.push(object);
    last = key;
  }
  return { items, resourceVersion };
}

/** @throws KubeError `invalid` for a selector that is not of the equality form. */
export function objectFilter(
  query: Pick<ListQuery, 'namespace' | 'labelSelector'> & Pick<WatchQuery, 'name'>,
): (object: ApiObject) => boolean {
  const { namespace, name, labelSelector = '' } = query;
  const selector: LabelSelector | undefined = parseLabelSelector(labelSelector);
  if (selector === undefined)
    throw badRequest(`labelSelector ${JSON.stringify(labelSelector)} is not as in a=b,c!=d`);
  return ({ metadata }) =>
    (namespace === undefined || metadata.namespace === namespace) &&
    (name === undefined || metadata.name === name) &&
    matchesLabels(selector, metadata.labels);
}

function writeToken(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

function readToken(token: string): Place {
  try {
    const place: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (isJsonObject(place)) {
      const { version, after } = place;
      if (Number.isSafeInteger(version) && typeof after === 'string')
        return { version: Number(version), after };
    }
  } catch {
    // Not ours: told below.
  }
  throw badRequest('continue is not a token that this server gave');
}
