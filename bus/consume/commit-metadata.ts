/**
 * What travels with each offset that a group commits to the broker: whose store it was read into, so that an instance with
 * another store is found; and in which life of the broker it counts, so that nobody takes a commit of this life for one of
 * the last.
 */
export interface CommitMetadata {
  readonly storeId: string;
  readonly incarnation: string;
}

export function encodeCommitMetadata({ storeId, incarnation }: CommitMetadata): string {
  return `store=${storeId} incarnation=${incarnation}`;
}

/** Undefined for what is none of ours: a tool of somebody else's has set the offset. */
export function decodeCommitMetadata(text: string | null | undefined): CommitMetadata | undefined {
  const [, storeId, incarnation] = /^store=(\S+) incarnation=(\S+)$/.exec(text ?? "") ?? [];
  return storeId === undefined || incarnation === undefined ? undefined : { storeId, incarnation };
}
