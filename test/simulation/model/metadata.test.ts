import { randomUUID } from 'node:crypto';
import { topicId } from '@streamhouse/core/ids.ts';
import type { ChangeFeed } from '@streamhouse/store/metadata/changes.ts';
import { metadataConformance } from '@streamhouse/store/metadata/conformance/metadata.test-support.ts';
import { atOnce } from './at-once.test-support.ts';
import { Database } from './database.ts';
import { metadataOver } from './metadata.ts';

metadataConformance('the metadata of the simulation', async () => {
  const database = new Database({ newTopicId: () => topicId(randomUUID()), wallMs: Date.now });
  const changes: ChangeFeed = {
    async listen(onChange, signal) {
      signal.addEventListener('abort', database.listen(onChange), { once: true });
    },
  };
  const metadata = metadataOver(database, changes, atOnce);
  return { metadata, [Symbol.asyncDispose]: async () => undefined };
});
