import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { services } from "#contracts/topics.ts";
import { until } from "#kafka/testing.ts";
import { openShop, type Shop } from "../e2e/shop.ts";
import { sendAndAwaitReaders } from "../e2e/wire.ts";
import { alertExpressions, dashboardQueries, labelsIn, namesIn } from "./queries.ts";

/** A series as it is served: its name and its labels. */
interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const seriesIn = (text: string): Series[] =>
  [...text.matchAll(/^([a-z_]+)\{(.*)\} \S+$/gm)].map(([, name = "", pairs = ""]) => ({
    name,
    labels: Object.fromEntries(
      [...pairs.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = "", value = ""]) => [key, value]),
    ),
  }));

/** Written by `orderwright audit --metrics`, and by Prometheus itself. */
const notServed = new Set(["orderwright_audit_findings", "orderwright_audit_timestamp_seconds", "up"]);
/** There is no such series while all is well: an alert on it would have nothing to say. */
const onlyInTrouble = new Set(["orderwright_stuck_orders"]);
/** Labels that Prometheus puts on what it scrapes. */
const ofPrometheus = new Set(["instance", "job"]);

/** What a query asks for that nothing served would answer. */
function unanswered(query: string, series: readonly Series[]): string[] {
  return namesIn(query)
    .filter((name) => !notServed.has(name) && !onlyInTrouble.has(name))
    .flatMap((name) => {
      const found = series.filter((each) => each.name === name);
      if (found.length === 0) return [`nothing is called ${name}`];
      const missing = labelsIn(query).filter(
        (label) => !ofPrometheus.has(label) && !found.some(({ labels }) => label in labels),
      );
      return missing.map((label) => `${name} has no label ${label}`);
    });
}

describe("what a shop serves after a day's work", () => {
  let shop: Shop;
  let series: Series[] = [];
  before(async () => {
    shop = await openShop({ runtime: "Bun", broker: "the embedded broker" });
    const { processes, stores } = shop;
    const junk = { topic: "order.start", partition: 0, key: null, value: new Uint8Array([0xff]) };
    await sendAndAwaitReaders(processes.broker.bootstrapServers, stores, [junk]);
    await shop.assertSettled(await shop.placeMixed(28));
    const read = async () => {
      const texts = await Promise.all(
        services.map(async (service) => (await fetch(`${processes.worker(service).url}/metrics`)).text()),
      );
      series = seriesIn(texts.join("\n"));
    };
    await until("the dead letter to be counted", async () => {
      await read();
      return series.some(({ name }) => name === "orderwright_dead_letters_by_reason_total");
    });
  });
  after(() => shop?.end());

  test("answers each query of the dashboard and each alert, by its names and its labels", () => {
    const queries = [...dashboardQueries, ...alertExpressions];
    assert.ok(queries.length > 20, "a check of nothing would always pass");
    assert.deepEqual(
      queries.flatMap((query) => unanswered(query, series)),
      [],
    );
  });

  for (const [fault, query] of [
    ["a metric that nobody serves", "sum(rate(orderwright_orders_taken_total[5m]))"],
    ["a counter without its _total", "increase(orderwright_dead_letters[15m])"],
    ["a label that the metric has not", "sum by (topic) (orderwright_lag)"],
    ["a histogram that is asked as a gauge", "orderwright_order_duration_seconds > 10"],
  ] as const) {
    test(`would leave unanswered a query for ${fault}`, () => assert.equal(unanswered(query, series).length, 1));
  }

  test("grows with the kinds of things and not with their number: no label names an order or a customer", () => {
    const counts = new Map<string, number>();
    for (const { name, labels } of series) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      for (const value of Object.values(labels)) assert.doesNotMatch(value, /[\da-f]{8}-[\da-f]{4}|customer-/, name);
    }
    assert.deepEqual(
      [...counts].filter(([, count]) => count > 100),
      [],
    );
  });
});
