import { topics } from "#contracts/topics.ts";
import type { EnvironmentReader } from "./environment.ts";

/** How long a service keeps what it needs no more, ms since the last change. */
export interface KeepingSettings {
  /** Outbox rows that all have read: a dead letter can be healed from them. */
  readonly outboxKeptMs: number;
  /** Dead letters that were healed, replayed or discarded. */
  readonly deadLettersKeptMs: number;
  /** Orders that have ended, and with them at intake the keys under which they were placed. */
  readonly ordersKeptMs: number;
  /** Idempotency-Keys of top-ups and prices. */
  readonly keysKeptMs: number;
  /** How often it is looked what may go. */
  readonly purgeIntervalMs: number;
  /** Rows a transaction. */
  readonly purgeRows: number;
}

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;
const longestMs = 3_650 * dayMs;
/** The longest that a topic delivers what was put into it. */
const retentionMs = Math.max(...Object.values(topics).map((topic) => topic.retentionMs));

/** State rows are what makes an old message change nothing: they must outlive whatever can still deliver one. */
export function readKeepingSettings(reader: EnvironmentReader): KeepingSettings {
  const kept = (variable: string, days: number) => reader.integer(variable, days * dayMs, 1, longestMs);
  const settings = {
    outboxKeptMs: kept("OUTBOX_KEPT_MS", 14),
    deadLettersKeptMs: kept("DEAD_LETTERS_KEPT_MS", 30),
    ordersKeptMs: kept("ORDERS_KEPT_MS", 90),
    keysKeptMs: kept("KEYS_KEPT_MS", 90),
    purgeIntervalMs: reader.integer("PURGE_INTERVAL_MS", 60_000, 50, dayMs),
    purgeRows: reader.integer("PURGE_ROWS", 200, 1, 5_000),
  };
  const { outboxKeptMs, deadLettersKeptMs, ordersKeptMs } = settings;
  if (outboxKeptMs < retentionMs) {
    reader.problem(
      `OUTBOX_KEPT_MS is ${inDays(outboxKeptMs)}, less than the ${inDays(retentionMs)} that topics keep messages: a message that is read late could not be healed`,
    );
  }
  if (deadLettersKeptMs < retentionMs) {
    reader.problem(
      `DEAD_LETTERS_KEPT_MS is ${inDays(deadLettersKeptMs)}, less than the ${inDays(retentionMs)} that topics keep messages: a topic that is read again would bring back what was dealt with`,
    );
  }
  if (ordersKeptMs < outboxKeptMs + retentionMs) {
    reader.problem(
      `ORDERS_KEPT_MS is ${inDays(ordersKeptMs)}, less than OUTBOX_KEPT_MS and the ${inDays(retentionMs)} that topics keep messages together, ${inDays(outboxKeptMs + retentionMs)}: a message that is healed last would find no row, and be decided anew`,
    );
  }
  // Read and checked by intake, where it is set.
  const cancelWindowMs = Number(reader.optional("CANCEL_WINDOW_MS") ?? 0);
  if (ordersKeptMs < cancelWindowMs + retentionMs) {
    reader.problem(
      `ORDERS_KEPT_MS is ${inDays(ordersKeptMs)}, less than CANCEL_WINDOW_MS and the ${inDays(retentionMs)} that topics keep messages together: the refund of an order that is gone would be lost`,
    );
  }
  return settings;
}

const inDays = (ms: number) => `${Number((ms / dayMs).toFixed(3))} days`;
