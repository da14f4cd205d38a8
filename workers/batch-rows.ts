/** Rows of one table while a batch is decided: what the store had, and what the decisions made of it. */
export interface BatchRows<T> {
  /** As they are now, by key. */
  readonly current: ReadonlyMap<string, T>;
  /** Takes a decision's row; the very row that was there is no change. */
  put(key: string, row: T): void;
  /** What is to be saved. */
  changes(): RowChanges<T>;
}

export interface RowChanges<T> {
  readonly inserted: readonly T[];
  readonly updated: readonly RowUpdate<T>[];
}

export interface RowUpdate<T> {
  readonly before: T;
  readonly after: T;
}

export function createBatchRows<T>(loaded: readonly T[], keyOf: (row: T) => string): BatchRows<T> {
  const current = new Map(loaded.map((row) => [keyOf(row), row]));
  /** Changed rows as the store has them; undefined for those that it does not have. */
  const before = new Map<string, T | undefined>();
  return {
    current,
    put(key, row) {
      const known = current.get(key);
      if (known === row) return;
      if (!before.has(key)) before.set(key, known);
      current.set(key, row);
    },
    changes() {
      const inserted: T[] = [];
      const updated: RowUpdate<T>[] = [];
      for (const [key, stored] of before) {
        const after = current.get(key);
        if (after === undefined) continue;
        if (stored === undefined) inserted.push(after);
        else updated.push({ before: stored, after });
      }
      return { inserted, updated };
    },
  };
}
