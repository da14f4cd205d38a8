import { currency } from "#contracts/fields.ts";
import type { EnvironmentReader } from "../environment.ts";
import type { OrderSettings } from "./handlers.ts";

/** What the order service is told beside what every worker is. */
export function readOrderSettings(reader: EnvironmentReader): OrderSettings & { readonly deadlineCheckMs: number } {
  const accountCurrency = reader.text("ACCOUNT_CURRENCY", "GBP");
  if (!currency.safeParse(accountCurrency).success) {
    reader.problem(`ACCOUNT_CURRENCY is "${accountCurrency}", not an ISO 4217 code such as GBP`);
  }
  return {
    accountCurrency,
    deadlineAfterMs: reader.integer("ORDER_DEADLINE_MS", 15 * 60_000, 1, 30 * 24 * 60 * 60_000),
    totalLimitMinor: reader.integer("ORDER_TOTAL_MAX_MINOR", 1_000_000, 0, Number.MAX_SAFE_INTEGER),
    // Well below any deadline; a look that finds nothing costs one index probe.
    deadlineCheckMs: reader.integer("DEADLINE_CHECK_MS", 1_000, 1, 60_000),
  };
}
