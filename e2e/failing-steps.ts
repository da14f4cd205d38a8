// For tests only.
import { sql } from "drizzle-orm";
import { type Service, services } from "#contracts/topics.ts";
import { createWriter } from "#db/writer.ts";

/** A step of the saga that a store can be made to refuse, for orders of so many mugs, as a bad release would. */
export interface FailingStep {
  readonly service: Service;
  readonly topic: string;
  /** What the store refuses, as the conditions of a trigger. */
  readonly refuses: (quantity: number) => string;
}

const lines = (quantity: number) => `NEW.lines LIKE '%"quantity":${quantity}}%'`;
const total = (quantity: number) => `NEW.total_minor = ${quantity * 100}`;
const amount = (quantity: number) => `NEW.amount_minor = ${quantity * 100}`;

const step = (service: Service, topic: string, refuses: FailingStep["refuses"]): FailingStep => {
  return { service, topic, refuses };
};

export const failingSteps = {
  "order.start at stock": step("stock", "order.start", (q) => `INSERT ON orders WHEN ${lines(q)}`),
  "stock.success at order": step("order", "stock.success", (q) => `INSERT ON orders WHEN ${total(q)}`),
  "payment.request at payment": step("payment", "payment.request", (q) => `INSERT ON payments WHEN ${amount(q)}`),
  "payment.success at order": step(
    "order",
    "payment.success",
    (q) => `UPDATE ON orders WHEN NEW.status = 'paid' AND ${total(q)}`,
  ),
  "payment.success at stock": step(
    "stock",
    "payment.success",
    (q) => `UPDATE ON orders WHEN NEW.status = 'sold' AND ${lines(q)}`,
  ),
  "payment.success at the view": step(
    "intake",
    "payment.success",
    (q) => `UPDATE ON orders WHEN NEW.status = 'paid' AND ${lines(q)}`,
  ),
  "stock.rollback at stock": step(
    "stock",
    "stock.rollback",
    (q) => `UPDATE ON orders WHEN NEW.status = 'released' AND ${lines(q)}`,
  ),
  "order.cancel at order": step(
    "order",
    "order.cancel",
    (q) => `UPDATE ON orders WHEN NEW.status = 'cancelled' AND ${total(q)}`,
  ),
  "order.cancel.request at order": step(
    "order",
    "order.cancel.request",
    (q) => `UPDATE ON orders WHEN NEW.cancel_requested_at_ms IS NOT NULL AND ${total(q)}`,
  ),
  "payment.void at payment": step(
    "payment",
    "payment.void",
    (q) => `UPDATE ON payments WHEN NEW.status = 'refunded' AND ${amount(q)}`,
  ),
} satisfies Record<string, FailingStep>;

export type FailingStepName = keyof typeof failingSteps;

/** Makes stores refuse steps, and mends them. */
export function openStoreFaults(urls: Readonly<Record<Service, string>>) {
  const { signal } = new AbortController();
  const writers = new Map(services.map((service) => [service, createWriter({ url: urls[service] })]));
  const run = async (service: Service, statements: readonly string[]) => {
    await writers.get(service)?.write(signal, async (tx) => {
      for (const statement of statements) await tx.run(sql.raw(statement));
    });
  };
  const nameOf = (quantity: number) => `refuses_${quantity}`;
  return {
    async refuse({ service, refuses }: FailingStep, quantity: number): Promise<void> {
      await run(service, [
        `CREATE TRIGGER ${nameOf(quantity)} BEFORE ${refuses(quantity)} BEGIN SELECT RAISE(ABORT, 'a bad release'); END`,
      ]);
    },
    mend: ({ service }: FailingStep, quantity: number) => run(service, [`DROP TRIGGER ${nameOf(quantity)}`]),
    async close(): Promise<void> {
      for (const writer of writers.values()) await writer.close();
    },
  };
}
