import { delay } from '@streamhouse/core/async/clock.ts';
import type { Change, ChangeFeed } from '@streamhouse/store/metadata/changes.ts';
import type { Database } from '../model/database.ts';
import type { Carrier } from '../model/metadata.ts';
import type { LinkOptions } from './store-link.ts';

const ALL: readonly Change[] = ['topics', 'leases', 'agents', 'groups'];
const RETRY_MS = 100;

/** Notifications of Postgres: late, lost while the link is cut, and all of them after a lost connection. */
export function changeFeedOf(database: Database, options: LinkOptions, carry: Carrier): ChangeFeed {
  const { process, place, scheduler, weather, random } = options;
  return {
    async listen(onChange, signal) {
      const tell = (changes: readonly Change[]): void =>
        void scheduler.after(random.tail(0.5, 30), () => {
          if (weather.isPostgresDown || weather.isCut('postgres', place)) return;
          process.receive(() => {
            if (!signal.aborted) for (const change of changes) onChange(change);
          });
        });
      for (;;) {
        try {
          await carry('listen', 'read', signal, () => undefined);
          break;
        } catch {
          await delay(process.clock, RETRY_MS, signal);
        }
      }
      const undo = [
        database.listen((change) => tell([change])),
        weather.onPostgresBack(() => tell(ALL)),
      ];
      signal.addEventListener('abort', () => undo.forEach((step) => step()), { once: true });
    },
  };
}
