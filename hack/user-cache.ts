import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where programs that take minutes to build are kept: every clone of this user finds them there. */
export function userCache(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? homedir(), '.cache'), 'streamhouse');
}
