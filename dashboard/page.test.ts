import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { OrderView } from "#contracts/http.ts";
import { assertAccessible } from "./accessible.ts";
import { openBrowser } from "./browser.ts";
import { openPageUnderTest, type PageUnderTest } from "./page-under-test.ts";

// Said in the title, so that nobody takes a skip for a pass.
const browser: Browser | string = await openBrowser().catch((error: unknown) => String(error).split("\n")[0] ?? "");
const skip = typeof browser === "string" ? `no Chromium can be had here: ${browser}` : false;
if (skip !== false && process.env["REQUIRE_CHROMIUM"] === "1") throw new Error(skip);
const title = skip === false ? "the page in a real Chromium" : `the page in a real Chromium (SKIPPED: ${skip})`;

describe(title, { skip: skip !== false }, () => {
  let shop: PageUnderTest;
  let context: BrowserContext;
  /** What must not happen on any page. */
  const faults: string[] = [];
  before(async () => {
    if (typeof browser === "string") return;
    shop = await openPageUnderTest();
    // Axe is put in by the test; the page's own policy lets no such script in.
    context = await browser.newContext({
      locale: "en-GB",
      timezoneId: "Asia/Tokyo",
      viewport: { width: 1200, height: 900 },
    });
  });
  after(async () => {
    if (typeof browser !== "string") await browser.close();
    await shop.remove();
    assert.deepEqual(faults, []);
  });

  async function open(path: string): Promise<Page> {
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => faults.push(`${path}: ${error.message}`));
    page.on("request", (request) => {
      if (!request.url().startsWith(shop.url("")) && !request.url().startsWith("data:")) faults.push(request.url());
    });
    page.on("console", (message) => {
      // An address that is not there, and a server that is away, are said by the browser itself.
      if (message.type() === "error" && !/404|ERR_|Failed to load/.test(message.text())) faults.push(message.text());
    });
    await page.goto(shop.url(path));
    return page;
  }

  async function place(body: object = {}, headers: Record<string, string> = {}): Promise<OrderView> {
    const order = { customerId: "c1", currency: "GBP", lines: [{ productId: "p1", quantity: 2 }], ...body };
    return (await (await shop.intake.post(order, headers)).json()) as OrderView;
  }
  const GBP = "GBP";
  const created = (totalMinor: number) => ({
    currency: GBP,
    totalMinor,
    reservedAtMs: Date.now(),
    deadlineAtMs: Date.now() + 900_000,
  });
  const paid = { amountMinor: 510, currency: GBP, paymentId: "p" };

  test("the overview moves by itself, and says at a glance which service is down", async () => {
    const page = await open("/");
    await page.getByText("Ready, and no orders just now").waitFor();
    await assertAccessible(page);
    const { id } = await place();
    await shop.intake.news(id, "order.created", created(510), Date.now());
    await shop.intake.news(id, "payment.success", paid, Date.now());
    await page.getByRole("link", { name: id.slice(-12) }).waitFor();
    await page.getByText("£5.10").waitFor();
    shop.states.payment = { state: "down", detail: "nobody answers" };
    await page.getByText("Payment is down: nobody answers").first().waitFor();
    await assertAccessible(page);
    shop.states.payment = shop.ready;
    await page
      .getByText(/^(●|).*(Flowing|Ready)/)
      .first()
      .waitFor();
    await page.setViewportSize({ width: 375, height: 800 });
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    assert.ok(width <= 375, `a phone scrolls sideways: ${width}`);
    await page.close();
  });

  test("comes in a browser of the POSIX locale, whose language is none to Intl", async () => {
    const page = await context.newPage();
    page.on("pageerror", (error) => faults.push(error.message));
    await page.addInitScript(
      "Object.defineProperty(navigator, 'language', { value: 'en-US@posix', configurable: true })",
    );
    await page.goto(shop.url("/"));
    await page
      .getByRole("img", { name: /Orders a second/ })
      .locator("canvas")
      .waitFor();
    await page.close();
  });

  test("an order is followed live to its end, and compensation is told apart from the forward way", async () => {
    const { id } = await place();
    const page = await open(`/order/${id}`);
    await page.getByText("Waits for stock to reserve the goods").waitFor();
    await shop.intake.news(id, "order.created", created(510), Date.now());
    await page.getByText("Waits for payment to charge the account").waitFor();
    await shop.intake.news(id, "order.cancel", { reason: "balance-short", refundedMinor: 0 }, Date.now());
    await page.getByText("Refused: the customer's balance is too short").waitFor();
    const back = page.getByRole("listitem").filter({ hasText: "Goods given back" });
    await back.getByText("compensation").waitFor();
    await back.getByText("Stock has not said yet that it has").waitFor();
    shop.goods.set(id, { status: "released", releasedAt: "2026-01-01T12:00:00.123Z" });
    await back.getByText("21:00:00.123").waitFor();
    assert.equal(await back.getByText("Stock has not said").count(), 0);
    assert.equal(await page.getByText("Waits for").count(), 0);
    assert.match(await page.locator("body").innerText(), /Asia\/Tokyo/);
    await assertAccessible(page);
    await page.close();
  });

  test("an order is cancelled by keyboard, and what will happen is said first", async () => {
    const { id } = await place();
    await shop.intake.news(id, "order.created", created(123_456), Date.now());
    await shop.intake.news(id, "payment.success", { ...paid, amountMinor: 123_456 }, Date.now());
    const page = await open(`/order/${id}`);
    const ask = page.getByRole("button", { name: "Cancel this order…" });
    await ask.focus();
    await page.keyboard.press("Enter");
    await page.getByText("£1,234.56 goes back to the customer").waitFor();
    await assertAccessible(page);
    await page.keyboard.press("Escape");
    await ask.focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("listitem").filter({ hasText: "Customer asked to cancel" }).waitFor();
    await page.getByText("The charge is refunded in full, and the order ends cancelled").waitFor();
    assert.equal(await ask.count(), 0, "asked once is enough");
    await shop.intake.news(id, "payment.refunded", { amountMinor: 123_456, currency: GBP }, Date.now());
    await shop.intake.news(id, "order.cancel", { reason: "customer", refundedMinor: 123_456 }, Date.now());
    await page.getByText(/The goods went back to the shelf and £1,234\.56 to the customer/).waitFor();
    await page.close();
  });

  test("an order is found by its invoice number, its customer and its reason; the address can be shared", async () => {
    const { id } = await place({ customerId: "finder" }, { "idempotency-key": "536365" });
    await shop.intake.news(id, "stock.failed", { reason: "unknown-product", shortLines: [] }, Date.now());
    const page = await open("/find");
    await page.getByLabel("Invoice number").fill("536365");
    await page.keyboard.press("Enter");
    await page.waitForURL(/key=536365/);
    await page.getByText("1 order", { exact: true }).waitFor();
    await assertAccessible(page);
    const shared = await open("/find?customer=finder&reason=unknown-product");
    await shared.getByRole("link", { name: id.slice(-12) }).click();
    await shared.getByText("Rejected: a product is not known to stock").waitFor();
    await page.goto(shop.url("/find?customer=nobody"));
    await page.getByText("There is no such order.").waitFor();
    await assertAccessible(page);
    await page.goto(shop.url("/order/01890000-0000-7000-8000-000000000001"));
    await page.getByText("There is no order 01890000").waitFor();
    await assertAccessible(page);
    await Promise.all([page.close(), shared.close()]);
  });

  test("what has not come yet, and what failed, is said on each page", async () => {
    const { id } = await place();
    const page = await context.newPage();
    const held = /\/(events|orders(\?|$))/;
    await page.route(held, () => undefined);
    for (const [path, text] of [
      ["/", "Asking intake how things stand…"],
      [`/order/${id}`, `Loading ${id}…`],
      ["/find", "Looking…"],
    ] as const) {
      await page.goto(shop.url(path));
      await page.getByText(text).waitFor();
      await assertAccessible(page);
    }
    await page.unroute(held);
    await page.route(held, (route) => route.abort());
    await page.goto(shop.url("/find"));
    await page.getByText("Intake does not answer. Is it running, and is there a network?").waitFor();
    await assertAccessible(page);
    await page.goto(shop.url("/"));
    await page.getByText("Not live: intake does not answer").waitFor();
    await page.getByText("Nothing is known yet").waitFor();
    await assertAccessible(page);
    await page.close();
  });

  test("after intake was away the page goes on by itself, with what it had and what it missed", async () => {
    const { id } = await place();
    const overview = await open("/");
    const order = await open(`/order/${id}`);
    await order.getByText("Waits for stock").waitFor();
    await overview.getByRole("img", { name: /Orders a second\. From/ }).waitFor();
    const firstSecond = async () =>
      /From (\S+)/.exec((await overview.getByRole("img").first().getAttribute("aria-label")) ?? "")?.[1];
    const began = await firstSecond();
    await shop.stop();
    await overview.getByText("Not live: intake does not answer").waitFor();
    await order.getByText("Not live: intake does not answer").waitFor();
    await assertAccessible(overview);
    await assertAccessible(order);
    await shop.intake.news(id, "stock.failed", { reason: "stock-short", shortLines: [] }, Date.now());
    shop.start();
    await order.getByText("Rejected: there is too little in stock").waitFor();
    await overview.getByText("Not live").first().waitFor({ state: "detached" });
    assert.equal(await firstSecond(), began);
    await Promise.all([overview.close(), order.close()]);
  });
});

describe(`a shop with a token, ${title}`, { skip: skip !== false }, () => {
  test("asks for it, and lets in who has it", async () => {
    if (typeof browser === "string") return;
    const shop = await openPageUnderTest("secret");
    const own = await openBrowser();
    try {
      const page = await own.newPage({ locale: "en-GB" });
      await page.goto(shop.url("/"));
      await assertAccessible(page);
      await page.getByLabel("Token").fill("secret");
      await page.keyboard.press("Enter");
      await page.getByText("Ready, and no orders just now").waitFor();
    } finally {
      await own.close();
      await shop.remove();
    }
  });
});
