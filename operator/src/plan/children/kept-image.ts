/**
 * Pools that name no image. They begin with that of their operator and keep it when the operator gets another one: agents are
 * replaced because of their pool and never because of an upgrade alone (ADR 0014). Whatever replaces them anyway gives them
 * the operator's image as well. Pure.
 */
import type { AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import type { InstallSettings } from '../../settings.ts';
import { specHash } from '../spec-hash.ts';
import { bareTemplate } from './pod.ts';

const INTENT_CHARS = 16;

export interface PoolInstall extends InstallSettings {
  /** Of the tables in Postgres, as `image` needs them: agents of another version may not start on them. */
  readonly schemaVersion: number;
}

/** What was asked for when a set was applied last, and the image that it got then. */
export interface GivenImage {
  readonly intent: string;
  readonly image: string;
}

/** The image of the agents. `given`: what the sets of the pool say. */
export function imageOf(
  pool: AgentPoolResource,
  given: readonly GivenImage[],
  install: PoolInstall,
): string {
  if (pool.spec.image !== '') return pool.spec.image;
  const intent = intentOf(pool, install);
  return given.find((one) => one.intent === intent)?.image ?? install.image;
}

/** Names everything that replaces agents but the operator's own image; the same for all zones of a pool. */
export function intentOf(pool: AgentPoolResource, install: PoolInstall): string {
  const template = bareTemplate(pool, '', { ...install, image: '' });
  return specHash({ template, schemaVersion: install.schemaVersion }).slice(0, INTENT_CHARS);
}
