import { objectStoreConformance } from '@streamhouse/store/objects/conformance.test-support.ts';
import { Bucket, objectsOver } from './bucket.ts';
import { atOnce } from './at-once.test-support.ts';

objectStoreConformance('the bucket of the simulation', async () => {
  const bucket = new Bucket();
  return {
    open: async () => objectsOver(bucket, atOnce),
    openMissing: async () => objectsOver(undefined, atOnce),
    [Symbol.asyncDispose]: async () => undefined,
  };
});
