import { LIMITS } from '../limits.ts';
import { hashText } from '../placement/hash.ts';

/** The coordinator slot of a group, 0..63: who holds it coordinates the group. Every agent must come to the same one. */
export function groupSlot(groupId: string): number {
  return hashText(groupId) % LIMITS.groupSlots;
}
