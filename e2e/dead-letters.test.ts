import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { trailPage } from "#contracts/admin.ts";
import { orderView } from "#contracts/http.ts";
import { type Service, services } from "#contracts/topics.ts";
import { until } from "#kafka/testing.ts";
import type { OrderRecord } from "./agreement.ts";
import { auditFindings } from "./audit-findings.ts";
import { type FailingStepName, failingSteps, openStoreFaults } from "./failing-steps.ts";
import { orderKinds } from "./order-kinds.ts";
import { adminEnvironment, createOperators, type Operators } from "./operators.ts";
import { openShop, type PlacedOrder, type Shop } from "./shop.ts";
import { sendAndAwaitReaders } from "./wire.ts";

type Ends = OrderRecord["ends"];
type Verb = "heal" | "replay" | "discard";

const paid: Ends = { intake: "paid", stock: "sold", order: "paid", payment: "charged" };
const everywhere = (reason: string): Ends => ({
  intake: `cancelled (${reason})`,
  stock: `released (${reason})`,
  order: `cancelled (${reason})`,
  payment: `refused (${reason})`,
});
const refunded: Ends = { ...everywhere("customer"), payment: "refunded (customer)" };
const rejected: Ends = {
  intake: "rejected (discarded)",
  stock: "refused (discarded)",
  order: "rejected (discarded)",
  payment: null,
};

interface Case {
  /** Ends as if nothing had happened: after heal and replay. */
  readonly ends: Ends;
  /** Null: it cannot be discarded. */
  readonly discarded: Ends | null;
  readonly isShort?: true;
  readonly isCancelled?: true;
}

const cases: Readonly<Record<FailingStepName, Case>> = {
  "order.start at stock": { ends: paid, discarded: rejected },
  "stock.success at order": { ends: paid, discarded: { ...everywhere("discarded"), payment: null } },
  "payment.request at payment": { ends: paid, discarded: everywhere("discarded") },
  "payment.success at order": { ends: paid, discarded: paid },
  "payment.success at stock": { ends: paid, discarded: paid },
  "payment.success at the view": { ends: paid, discarded: paid },
  "stock.rollback at stock": {
    ends: everywhere("balance-short"),
    discarded: { ...everywhere("balance-short"), stock: "released (discarded)" },
    isShort: true,
  },
  "order.cancel at order": {
    ends: everywhere("balance-short"),
    discarded: { ...everywhere("balance-short"), order: "cancelled (discarded)" },
    isShort: true,
  },
  "order.cancel.request at order": { ends: refunded, discarded: null, isCancelled: true },
  "payment.void at payment": { ends: refunded, discarded: null, isCancelled: true },
};

interface Patient {
  readonly name: FailingStepName;
  readonly verb: Verb;
  readonly quantity: number;
  readonly orderId: string;
}

const verbs: readonly Verb[] = ["heal", "replay", "discard"];
const names = Object.keys(cases) as FailingStepName[];
const firstQuantity = 11;
const doing = ["--yes", "--why", "mended", "--operator", "ann"];

describe("messages that a service could not take, in a shop of four workers", () => {
  let shop: Shop;
  let operators: Operators;
  let faults: ReturnType<typeof openStoreFaults>;
  const patients: Patient[] = [];
  let around: PlacedOrder[] = [];
  before(async () => {
    shop = await openShop({ runtime: "Bun", broker: "the embedded broker" }, () => adminEnvironment);
    operators = createOperators(shop.processes);
    faults = openStoreFaults(shop.processes.storeUrls);
  });
  after(async () => {
    await faults?.close();
    await shop?.end();
  });

  const endsOf = async (orderId: string) => (await shop.stores.orders([orderId])).get(orderId)?.ends;
  const letterOf = ({ name, orderId }: Patient) => {
    const { service, topic } = failingSteps[name];
    return ["--service", service, "--topic", topic, "--order", orderId];
  };

  test("are set aside, and nothing waits behind them: all orders around them end", { timeout: 120_000 }, async () => {
    for (const name of names) {
      for (const verb of verbs) {
        const quantity = firstQuantity + patients.length;
        await faults.refuse(failingSteps[name], quantity);
        patients.push({ name, verb, quantity, orderId: await placeOrder(shop, quantity, cases[name]) });
      }
    }
    around = await shop.placeMixed(28);
    const cancelled = patients.filter(({ name }) => cases[name].isCancelled);
    for (const { orderId } of cancelled) {
      await until("it is paid", async () => (await endsOf(orderId))?.intake === "paid");
      await cancelOrder(shop, orderId);
    }
    await shop.assertSettled(around);
    await until("all to be set aside", async () => {
      const { text } = await operators.dlq("list", "--json");
      return (JSON.parse(text) as unknown[]).length === patients.length;
    });
    for (const patient of patients) {
      const { text } = await operators.dlq("list", "--json", ...letterOf(patient));
      const [letter, ...more] = JSON.parse(text) as { reason: string; orderId: string; programVersion: string }[];
      assert.deepEqual([letter?.reason, letter?.orderId, more], ["constraint", patient.orderId, []], patient.name);
      assert.match(letter?.programVersion ?? "", /^\d+\.\d+\.\d+$/);
    }
  });

  test("are only looked at by a dry run, whatever it is asked for", { timeout: 60_000 }, async () => {
    const ids = patients.map(({ orderId }) => orderId);
    const [rows, messages] = [await shop.stores.orders(ids), await shop.stores.messagesOf(ids)];
    for (const verb of verbs) {
      const said = await operators.close(verb, "--all");
      assert.equal(said.length, patients.length);
      assert.deepEqual(
        said.filter(({ outcome }) => outcome !== "would" && outcome !== "cannot"),
        [],
      );
    }
    assert.deepEqual(await shop.stores.orders(ids), rows);
    assert.deepEqual(await shop.stores.messagesOf(ids), messages);
    const { code, text } = await operators.dlq("heal", "--all", "--topic", "order.start");
    assert.match(text, /dry run: 3 letters would be healed\. Nothing was done: add --yes --why TEXT to do it$/);
    assert.equal(code, 0);
  });

  test("that still fail are not replayed, and say why", { timeout: 60_000 }, async () => {
    for (const patient of patients.filter(({ verb }) => verb === "replay")) {
      const [said] = await operators.close("replay", ...letterOf(patient), ...doing);
      assert.equal(said?.outcome, "cannot", patient.name);
      assert.match(said?.effect ?? "", /it still fails \(constraint\).*a bad release/);
    }
  });

  test(
    "are healed, replayed and discarded once, though two operators do it at once",
    { timeout: 120_000 },
    async () => {
      for (const { name, quantity } of patients) await faults.mend(failingSteps[name], quantity);
      for (const patient of patients) {
        const run = (operator: string) =>
          operators.close(patient.verb, ...letterOf(patient), ...doing, "--operator", operator);
        const said = (await Promise.all([run("ann"), run("bob")])).flat();
        const outcomes = said.map(({ outcome }) => outcome).filter((outcome) => outcome !== "already");
        const isPossible = patient.verb !== "discard" || cases[patient.name].discarded !== null;
        if (isPossible)
          assert.deepEqual(outcomes, ["done"], `${patient.verb} ${patient.name}: ${JSON.stringify(said)}`);
        else assert.deepEqual(outcomes, ["cannot", "cannot"], patient.name);
      }
    },
  );

  for (const name of names) {
    test(`${name}: the order ends as the table says`, { timeout: 60_000 }, async () => {
      for (const patient of patients.filter((each) => each.name === name)) {
        const { verb, orderId } = patient;
        const { ends, discarded } = cases[name];
        if (verb === "discard" && discarded === null) {
          const [said] = await operators.close("discard", ...letterOf(patient));
          assert.match(said?.effect ?? "", /heal or replay it/);
          assert.equal((await operators.close("heal", ...letterOf(patient), ...doing))[0]?.outcome, "done");
        }
        const expected = verb === "discard" ? (discarded ?? ends) : ends;
        await until(
          `${verb} of ${name}`,
          async () => JSON.stringify(await endsOf(orderId)) === JSON.stringify(expected),
          20_000,
        ).catch(async () => assert.deepEqual(await endsOf(orderId), expected, `${verb} of ${name}`));
      }
    });
  }

  test("were published again by their writers once each, where they were healed", { timeout: 60_000 }, async () => {
    const trails = await Promise.all(services.map((service) => readTrailOf(shop, service)));
    const published = trails.flatMap((entries) => entries.filter(({ action }) => action === "publish again"));
    const healed = trails.flatMap((entries) => entries.filter(({ action }) => action === "heal"));
    assert.equal(
      published.length,
      names.length + patients.filter(({ verb, name }) => isHealedAfterAll(verb, name)).length,
    );
    assert.equal(healed.length, published.length);
    assert.equal(new Set(published.map(({ subject }) => subject)).size, published.length);
  });

  test(
    "that are junk, keyed with a real order or with nothing at all, are dropped many at a time",
    { timeout: 60_000 },
    async () => {
      const [settled] = around;
      const junk = Array.from({ length: 6 }, (_, partition) => {
        const key = partition % 2 === 0 ? (settled?.orderId ?? "") : null;
        return { topic: "payment.refunded", partition, key, value: new Uint8Array([0xff, partition]) };
      });
      await sendAndAwaitReaders(shop.processes.broker.bootstrapServers, shop.stores, junk);
      assert.deepEqual(
        (await operators.close("heal", "--topic", "payment.refunded")).map(({ outcome }) => outcome),
        junk.map(() => "cannot"),
      );
      const { code, text } = await operators.dlq(
        "discard",
        "--topic",
        "payment.refunded",
        "--reason",
        "no-json",
        ...doing,
        "--operator",
        "ann",
      );
      assert.match(text, /6 letters discarded$/);
      assert.equal(text.match(/dropped: nobody of ours published it/g)?.length, 6);
      assert.equal(code, 0);
      const rows = await shop.stores.orders([settled?.orderId ?? ""]);
      assert.deepEqual(rows.get(settled?.orderId ?? "")?.ends, orderKinds[settled?.kind ?? "paid"].record.ends);
    },
  );

  test("leave a trail of who did what, why, and what it did to the order", { timeout: 60_000 }, async () => {
    const patient = patients.find(({ name, verb }) => name === "order.start at stock" && verb === "discard");
    const listed = await operators.dlq("list", "--json", "--state", "discarded", "--order", patient?.orderId ?? "");
    const [letter] = JSON.parse(listed.text) as { letter: string }[];
    const { text } = await operators.dlq("show", letter?.letter ?? "");
    assert.match(
      text,
      new RegExp(
        `(ann|bob): discard \\(mended\\) -> stock decided: refused; published: stock.failed/${patient?.orderId}`,
      ),
    );
    assert.match(text, /"customerId": "patient-/);
  });

  test("leave nothing behind that the audit finds wrong", { timeout: 90_000 }, async () => {
    assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
  });
});

/** What cannot be discarded is healed in the end. */
const isHealedAfterAll = (verb: Verb, name: FailingStepName) => verb === "discard" && cases[name].discarded === null;

async function readTrailOf(shop: Shop, service: Service) {
  const headers = { authorization: `Bearer ${adminEnvironment.ADMIN_TOKEN}` };
  const response = await fetch(`${shop.processes.worker(service).url}/admin/trail`, { headers });
  return trailPage.parse(await response.json()).entries;
}

async function placeOrder(shop: Shop, quantity: number, { isShort }: Case): Promise<string> {
  const customerId = `patient-${quantity}`;
  const amountMinor = isShort ? 1 : quantity * 100;
  await post(shop, "payment", "/top-ups", { currency: "GBP", topUps: [{ customerId, amountMinor }] }, customerId);
  const order = { customerId, currency: "GBP", lines: [{ productId: "mug", quantity }] };
  return orderView.parse(await post(shop, "intake", "/orders", order, customerId)).id;
}

const cancelOrder = (shop: Shop, orderId: string) => post(shop, "intake", `/orders/${orderId}/cancel`, {}, orderId);

async function post(shop: Shop, service: "intake" | "payment", path: string, body: object, key: string) {
  const headers = { "content-type": "application/json", "idempotency-key": key };
  const url = `${shop.processes.worker(service).url}${path}`;
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await response.text();
  assert.ok(response.ok, `${path}: ${response.status} ${text}`);
  return text === "" ? undefined : (JSON.parse(text) as unknown);
}
