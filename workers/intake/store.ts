import type { Transaction } from "#db/connection.ts";
import { orders } from "#db/intake/schema.ts";
import { loadRows } from "#db/row-sets.ts";
import type { RowChanges } from "../batch-rows.ts";
import { saveChanges } from "../save-changes.ts";
import type { View } from "./decide.ts";

export function loadViews(tx: Transaction, orderIds: readonly string[]): Promise<View[]> {
  return loadRows(tx, orders, orderIds);
}

/** One statement: news makes no orders. */
export function saveViews(tx: Transaction, { updated }: RowChanges<View>): Promise<void> {
  return saveChanges(tx, orders, { inserted: [], updated });
}
