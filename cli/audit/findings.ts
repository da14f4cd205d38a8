/** A rule that an order, a product or an account breaks. */
export type Rule =
  /** Every message about the order was read, and it has not ended. */
  | "no-end"
  /** Services ended the order differently. */
  | "disagreed-end"
  /** The other services agree on an end, and intake's view shows another or none. */
  | "view"
  /** A service keeps an order that intake never accepted. */
  | "unknown-order"
  /** Stock was told to release what it never held: must not happen. */
  | "tombstone"
  /** Two services published the end of one order. */
  | "two-endings"
  /** Services keep different reasons, customers, currencies, lines or amounts of one order. */
  | "facts"
  /** The total is not prices x quantities. */
  | "price"
  /** The ledger does not have each charge and refund of an order exactly once, with its amount. */
  | "ledger"
  /** Pieces of a product: what came in is not what is available, held and sold. */
  | "goods"
  /** An account's balance is not the sum of its transfers. */
  | "money"
  /** A message that no handler could take, and that nobody has dealt with. */
  | "dead-letter";

export interface Finding {
  readonly rule: Rule;
  /** Null only where no order can be named. */
  readonly orderId: string | null;
  readonly what: string;
  /** What each store says, a line each. */
  readonly says: readonly string[];
}

/** Findings of any number in bounded memory: all are counted, the first are kept. */
export interface Findings {
  add(finding: Finding): void;
  count(): number;
  kept(): readonly Finding[];
}

export function createFindings(keptAtMost: number): Findings {
  const kept: Finding[] = [];
  let count = 0;
  return {
    add(finding) {
      count += 1;
      if (kept.length < keptAtMost) kept.push(finding);
    },
    count: () => count,
    kept: () => kept,
  };
}
