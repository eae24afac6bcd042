import { CommandError, EXIT } from '../exit-code.ts';

/** @throws CommandError with the valid range when the topic does not have the partition. */
export function requirePartition(topic: string, partition: number, partitions: number): void {
  if (partition < partitions) return;
  throw new CommandError(
    EXIT.usage,
    `topic ${topic} has no partition ${partition}; choose one of 0..${partitions - 1}`,
  );
}
