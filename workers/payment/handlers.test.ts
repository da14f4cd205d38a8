import { asc } from "drizzle-orm";
import { migrations } from "#db/payment/migrations.ts";
import { accounts, payments, transfers } from "#db/payment/schema.ts";
import { insertRows } from "#db/row-sets.ts";
import { describeHandler, nothingAtFirst, nothingKept } from "../testing/handler-laws.ts";
import { world } from "../testing/random-messages.ts";
import { sampleAccounts } from "../testing/sample-messages.ts";
import { shippedMachines } from "../search/machines.ts";
import { paymentHandler } from "./handlers.ts";

describeHandler({
  handler: paymentHandler,
  migrations,
  machine: shippedMachines({ deadlineAfterMs: 0, accountCurrency: "GBP", totalLimitMinor: 0 }).payment,
  start: { ...nothingAtFirst, accounts: Object.fromEntries(world.accounts.map((each) => [each.customerId, each])) },
  outcomes: ["charged", "refused", "fenced", "refunded", "duplicate", "ignored"],
  fill: (tx) => insertRows(tx, accounts, world.accounts),
  read: async (tx) => ({
    ...nothingKept,
    rows: await tx.select().from(payments).orderBy(asc(payments.orderId)),
    accounts: await tx.select().from(accounts).orderBy(asc(accounts.customerId)),
    ledger: await tx.select().from(transfers).orderBy(asc(transfers.transferId)),
  }),
  ways: [["payment.request", "payment.void"], ["payment.void"]],
  fillSamples: (tx) => insertRows(tx, accounts, sampleAccounts),
});
