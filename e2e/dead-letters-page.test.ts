import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { services } from "#contracts/topics.ts";
import { assertAccessible } from "#dashboard/accessible.ts";
import { openBrowser } from "#dashboard/browser.ts";
import { orderView } from "#contracts/http.ts";
import { until } from "#kafka/testing.ts";
import { type FailingStepName, failingSteps, openStoreFaults } from "./failing-steps.ts";
import { adminEnvironment, createOperators, type Operators } from "./operators.ts";
import { openShop, type Shop } from "./shop.ts";
import { sendAndAwaitReaders } from "./wire.ts";

const browser: Browser | string = await openBrowser().catch((error: unknown) => String(error).split("\n")[0] ?? "");
const skip = typeof browser === "string" ? `no Chromium can be had here: ${browser}` : false;
if (skip !== false && process.env["REQUIRE_CHROMIUM"] === "1") throw new Error(skip);
const title = `dead letters of a shop of four workers, on intake's page${skip === false ? "" : ` (SKIPPED: ${skip})`}`;
const limit = { timeout: 60_000 };

const steps = {
  discarded: { name: "order.start at stock", quantity: 11 },
  healed: { name: "payment.request at payment", quantity: 12 },
  replayed: { name: "payment.success at order", quantity: 13 },
} as const satisfies Record<string, { name: FailingStepName; quantity: number }>;

describe(title, { skip: skip !== false }, () => {
  let shop: Shop;
  let operators: Operators;
  let faults: ReturnType<typeof openStoreFaults>;
  let page: Page;
  const orders: Partial<Record<keyof typeof steps, string>> = {};
  before(
    async () => {
      if (typeof browser === "string") return;
      shop = await openShop({ runtime: "Bun", broker: "the embedded broker" }, () => adminEnvironment);
      const { processes } = shop;
      const urls = services.map((service) => [`${service.toUpperCase()}_URL`, processes.worker(service).url]);
      await processes.restart("intake", Object.fromEntries(urls.slice(1)) as Record<string, string>);
      operators = createOperators(processes);
      faults = openStoreFaults(processes.storeUrls);
      for (const [kind, { name, quantity }] of Object.entries(steps) as [
        keyof typeof steps,
        { name: FailingStepName; quantity: number },
      ][]) {
        await faults.refuse(failingSteps[name], quantity);
        orders[kind] = await placeMugs(shop, quantity);
      }
      const junk = { topic: "order.cancel", partition: 0, key: null, value: new Uint8Array([0xff, 0x00, 0x7b]) };
      await sendAndAwaitReaders(processes.broker.bootstrapServers, shop.stores, [junk]);
      await until("all to be set aside", async () => {
        const { text } = await operators.dlq("list", "--json");
        // Order and view both read order.cancel.
        return (JSON.parse(text) as unknown[]).length === 5;
      });
      page = await browser.newPage({ locale: "en-GB", viewport: { width: 1200, height: 900 } });
      page.setDefaultTimeout(20_000);
    },
    { timeout: 120_000 },
  );
  after(async () => {
    if (typeof browser !== "string") await browser.close();
    await faults?.close();
    await shop?.end();
  });

  const url = (path: string) => `${shop.processes.worker("intake").url}${path}`;
  const letter = (service: string) => page.getByRole("link", { name: new RegExp(`^${service}/\\d+$`) });
  const stillDead = async (service: string) =>
    (JSON.parse((await operators.dlq("list", "--json", "--service", service)).text) as unknown[]).length;
  const endOf = async (kind: keyof typeof steps) =>
    orderView.parse(await (await fetch(url(`/orders/${orders[kind]}?wait=20s`))).json()).status;

  const card = (service: string) =>
    page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: service }) });
  const openAt = (service: string, count: number) =>
    card(service).locator("div", { hasText: new RegExp(`^open dead letters\\s*${count}$`) });

  test("are counted at each service on the overview, which leads to them", limit, async () => {
    await page.goto(url("/"));
    await page
      .getByText(/has set (a message|2 messages) aside: an operator has to decide/)
      .first()
      .waitFor();
    await openAt("order", 2).waitFor();
    await assertAccessible(page);
    await card("stock").getByRole("link", { name: "1" }).click();
    await page.waitForURL(/dead-letters\?service=stock$/);
  });

  test("are shown to operators only, who are told when the token is another one", limit, async () => {
    await page.goto(url("/dead-letters"));
    await page.getByLabel("Your name, for the trail").fill("ann");
    await page.getByLabel("Operators’ token").fill("wrong");
    await assertAccessible(page);
    await page.keyboard.press("Enter");
    await page.getByText("That is not the operators’ token.").waitFor();
    await assertAccessible(page);
    await page.getByLabel("Your name, for the trail").fill("ann");
    await page.getByLabel("Operators’ token").fill(adminEnvironment.ADMIN_TOKEN);
    await page.keyboard.press("Enter");
    await page.getByText("5 letters", { exact: true }).waitFor();
    const kinds = page.getByRole("region", { name: "By kind" });
    await kinds.getByRole("row", { name: /order\.start: constraint stock dead 1 / }).waitFor();
    await assertAccessible(page);
  });

  test("are narrowed by what people look for, in an address that can be shared", limit, async () => {
    await page.goto(url("/dead-letters"));
    await page.getByLabel("Service").selectOption("payment");
    await page.getByRole("button", { name: "Find" }).click();
    await page.waitForURL(/\?service=payment$/);
    await page.getByText("1 letter", { exact: true }).waitFor();
    await page.goto(url("/dead-letters?reason=no-json"));
    await page.getByText("2 letters", { exact: true }).waitFor();
    await page.goto(url(`/dead-letters?key=${orders.healed}`));
    await page.getByText("1 letter", { exact: true }).waitFor();
    await page.route(/operators/, () => undefined);
    await page.goto(url("/dead-letters?state=replayed"));
    await page.getByText("Asking the services…").waitFor();
    await assertAccessible(page);
    await page.goto(url("/dead-letters/stock/1"));
    await page.getByText("Asking stock…").waitFor();
    await assertAccessible(page);
    await page.unroute(/operators/);
    await page.goto(url("/dead-letters/stock/999"));
    await page.getByText("There is no dead letter 999").waitFor();
    await assertAccessible(page);
    await page.goto(url("/dead-letters?state=healed"));
    await page.getByText("There is none of that kind.").waitFor();
    await assertAccessible(page);
  });

  test(
    "one is discarded by keyboard alone: what it would do is said first, and it is done once a reason is given",
    limit,
    async () => {
      await page.goto(url("/dead-letters?service=stock"));
      await letter("stock").focus();
      await page.keyboard.press("Enter");
      await page.getByText("stock could not take order.start: constraint").waitFor();
      await page.getByText(/a bad release/).waitFor();
      await page
        .getByLabel("Body")
        .getByText(/"customerId": "page-11"/)
        .waitFor();
      await page
        .getByText("traceparent", { exact: true })
        .or(page.getByText("content-type", { exact: true }))
        .first()
        .waitFor();
      await page.getByText("Nothing yet.").waitFor();
      await assertAccessible(page);
      const ask = page.getByRole("button", { name: "Discard…" });
      await ask.focus();
      await page.keyboard.press("Enter");
      await page.getByText(`stock decided: refused; published: stock.failed/${orders.discarded}`).waitFor();
      await assertAccessible(page);
      await page.keyboard.press("Escape");
      assert.equal(await stillDead("stock"), 1, "a dry run does nothing");
      const focused = await page.evaluate<string>("document.activeElement.textContent");
      assert.equal(focused, "Discard…", "one goes on from where one was");
      await page.keyboard.press("Enter");
      await page.getByLabel("Why, for the trail").waitFor();
      await page.getByLabel("Why, for the trail").focus();
      await page.keyboard.type("the customer called");
      await page.keyboard.press("Enter");
      await page.getByText(/^Discarded: stock decided: refused/).waitFor();
      const history = page.getByRole("region", { name: "What was done to it" });
      await history.getByText("Why: the customer called").waitFor();
      await history.getByText(/^ann: discard/).waitFor();
      assert.equal(await page.getByRole("button", { name: "Discard…" }).count(), 0, "closed once is enough");
      await assertAccessible(page);
      await page.getByRole("link", { name: orders.discarded ?? "" }).click();
      await page.getByText("Rejected: an operator discarded a message of it").waitFor();
    },
  );

  test("one is healed from its writer's outbox, and its order ends paid", limit, async () => {
    await faults.mend(failingSteps[steps.healed.name], steps.healed.quantity);
    await page.goto(url("/dead-letters?service=payment"));
    await letter("payment").click();
    await page.getByRole("button", { name: "Heal…" }).click();
    await page.getByText(`published again by its writer: payment.request/${orders.healed}`).waitFor();
    await page.getByLabel("Why, for the trail").fill("a corrupt copy");
    await page.getByRole("button", { name: "Heal it" }).click();
    await page.getByText(/^Healed: published again/).waitFor();
    assert.equal(await endOf("healed"), "paid");
  });

  test("one that still fails is not replayed, and says why; mended, it is", limit, async () => {
    await page.goto(url("/dead-letters?service=order&topic=payment.success"));
    await letter("order").click();
    await page.getByRole("button", { name: "Replay…" }).click();
    await page.getByText(/^This cannot be done: .*it still fails \(constraint\)/).waitFor();
    await assertAccessible(page);
    await page.getByRole("button", { name: "Close" }).click();
    await faults.mend(failingSteps[steps.replayed.name], steps.replayed.quantity);
    await page.getByRole("button", { name: "Replay…" }).click();
    await page.getByText(/order decided: paid/).waitFor();
    await page.getByLabel("Why, for the trail").fill("mended");
    await page.getByRole("button", { name: "Replay it" }).click();
    await page.getByText(/^Replayed: order decided: paid/).waitFor();
  });

  test("one that somebody else closed meanwhile says who and how, and is not closed again", limit, async () => {
    await page.goto(url("/dead-letters?service=order&reason=no-json"));
    await letter("order").click();
    await page.getByText("no text; as base64").waitFor();
    await page.getByRole("button", { name: "Discard…" }).click();
    await page.getByText("dropped: nobody of ours published it").waitFor();
    await page.getByLabel("Why, for the trail").fill("junk");
    const why = ["--yes", "--why", "junk", "--operator", "bob"];
    await operators.dlq("discard", "--service", "order", "--reason", "no-json", ...why);
    await page.getByRole("button", { name: "Discard it" }).click();
    await page.getByText(/^Somebody was faster: it is discarded by bob/).waitFor();
    await assertAccessible(page);
    await page.getByRole("button", { name: "Close" }).click();
    const history = page.getByRole("region", { name: "What was done to it" });
    await history.getByText(/^bob: discard/).waitFor();
    assert.equal(await history.getByRole("listitem").count(), 1);
  });

  test(
    "of a service that is away are missed by name, and those of the others are shown; they come when it is back",
    limit,
    async () => {
      await page.goto(url("/dead-letters"));
      await page.getByText("1 letter", { exact: true }).waitFor();
      shop.processes.worker("payment").signal("SIGSTOP");
      try {
        await page.getByText(/^payment does not answer at .* Its letters are not shown\.$/).waitFor();
        await letter("intake").waitFor();
        await assertAccessible(page);
      } finally {
        shop.processes.worker("payment").signal("SIGCONT");
      }
      await page.getByText(/^payment does not answer/).waitFor({ state: "detached" });
    },
  );

  test("when all are closed there is nothing to do, and that is said without asking again", limit, async () => {
    await page.goto(url("/dead-letters"));
    await page.getByText("1 letter", { exact: true }).waitFor();
    const why = ["--yes", "--why", "junk", "--operator", "bob"];
    await operators.dlq("discard", "--all", ...why);
    await page.getByText("None of that kind is open: nothing has to be done.").waitFor();
    await page.getByRole("link", { name: "Overview" }).click();
    await openAt("intake", 0).waitFor();
    await page.goBack();
    await page.getByRole("button", { name: "Forget the token" }).click();
    await page.getByLabel("Operators’ token").waitFor();
  });
});

async function placeMugs(shop: Shop, quantity: number): Promise<string> {
  const customerId = `page-${quantity}`;
  const send = async (service: "payment" | "intake", path: string, body: object) => {
    const headers = { "content-type": "application/json", "idempotency-key": customerId };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(`${shop.processes.worker(service).url}${path}`, init);
    assert.ok(response.ok, `${path}: ${response.status}`);
    return response.text();
  };
  await send("payment", "/top-ups", { currency: "GBP", topUps: [{ customerId, amountMinor: quantity * 100 }] });
  const order = { customerId, currency: "GBP", lines: [{ productId: "mug", quantity }] };
  return orderView.parse(JSON.parse(await send("intake", "/orders", order))).id;
}
