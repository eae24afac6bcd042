import { connectAdmin, StreamError } from '@streamhouse/client';

/** Makes a topic unless it is there. */
export async function ensureTopic(
  bootstrap: string,
  name: string,
  partitions: number,
): Promise<void> {
  await using admin = await connectAdmin({ bootstrap });
  try {
    await admin.createTopic({ name, partitions });
  } catch (error) {
    if (!(error instanceof StreamError && error.kind === 'alreadyExists')) throw error;
  }
}
