import { type AssignmentMember, partitionName } from './assignor.ts';

/**
 * The valid owner, a member id, of each claimed partition, by `partitionName`. Only the claim of the highest generation
 * counts: a member that was away for a while may claim what has been given to another since. Where two members make that
 * claim, something went wrong, and nobody is the owner.
 */
export function ownersOf(members: readonly AssignmentMember[]): ReadonlyMap<string, string> {
  const claims = new Map<string, Claim>();
  for (const { memberId, owned, ownedGeneration: generation } of members) {
    for (const partition of owned) {
      const name = partitionName(partition);
      const other = claims.get(name);
      if (other === undefined || other.generation < generation) {
        claims.set(name, { memberId, generation });
      } else if (other.generation === generation && other.memberId !== memberId) {
        claims.set(name, { memberId: undefined, generation });
      }
    }
  }
  const owners = new Map<string, string>();
  for (const [name, { memberId }] of claims) {
    if (memberId !== undefined) owners.set(name, memberId);
  }
  return owners;
}

interface Claim {
  /** undefined once two members made it. */
  readonly memberId: string | undefined;
  readonly generation: number;
}
