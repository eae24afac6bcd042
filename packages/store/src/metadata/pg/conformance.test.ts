import { metadataConformance } from '../conformance/metadata.test-support.ts';
import { createTestDatabase } from './database.test-support.ts';

metadataConformance('Postgres', async () => {
  const database = await createTestDatabase();
  const metadata = await database.open();
  return { metadata, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
});
