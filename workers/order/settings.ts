import { currency } from "#contracts/fields.ts";
import type { EnvironmentReader } from "../environment.ts";
import type { OrderSettings } from "./handlers.ts";

interface DeadlineSettings {
  readonly deadlineCheckMs: number;
  readonly deadlinesPerSecond: number;
}

/** What the order service is told beside what every worker is. */
export function readOrderSettings(reader: EnvironmentReader): OrderSettings & DeadlineSettings {
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
    // Of an instance. A tenth of what the saga settles: what became overdue in a downtime leaves room for new orders.
    deadlinesPerSecond: reader.integer("DEADLINES_PER_SECOND", 300, 1, 100_000),
  };
}
