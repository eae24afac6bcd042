import { StreamError } from '@streamhouse/core/errors.ts';
import type { Admin, AdminOptions } from './public/admin.ts';

/** Connects to a cluster. Fails with `unavailable` CONNECT_FAILED, which names every address tried. */
export async function connectAdmin(_options: AdminOptions): Promise<Admin> {
  throw new StreamError('internal', 'NOT_BUILT', 'the admin client is not built yet');
}
