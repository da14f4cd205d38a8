import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { temporaryFolder } from "#db/temporary-store.ts";
import { areFree, findPorts, type ShopProcess, startShop, until } from "../cli/start/shop-process.ts";
import { assertAccessible } from "./accessible.ts";
import { openBrowser } from "./browser.ts";

const browser: Browser | string = await openBrowser().catch((error: unknown) => String(error).split("\n")[0] ?? "");
const skip = typeof browser === "string" ? `no Chromium can be had here: ${browser}` : false;
const title = skip === false ? "npm start, tried on its page" : `npm start, tried on its page (SKIPPED: ${skip})`;
const limit = { timeout: 120_000 };

describe(title, { skip: skip !== false }, () => {
  const folder = temporaryFolder();
  let ports: Awaited<ReturnType<typeof findPorts>>;
  let shop: ShopProcess;
  let page: Page;
  before(async () => {
    if (typeof browser === "string") return;
    ports = await findPorts();
    const where = ["--data", folder.path, "--port", String(ports.http), "--broker-port", String(ports.broker)];
    // A deadline that a test can wait for, and that an order outlives whose payment was killed: its partitions come back after
    // the session timeout, 10 s. Before, deadline and charge raced. What a person is shown takes half a minute.
    shop = startShop(where, { ORDER_DEADLINE_MS: "20000" });
    await shop.says(/The shop is open/);
    page = await browser.newPage({ locale: "en-GB" });
    page.setDefaultTimeout(40_000);
  }, limit);
  after(async () => {
    if (typeof browser !== "string") await browser.close();
    shop.kill("SIGTERM");
    await until(() => areFree(ports.http), "all processes have ended");
    folder.remove();
  });
  const url = (path: string) => `http://127.0.0.1:${ports.http}${path}`;

  test("an order for each ending ends just so", limit, async () => {
    for (const [name, ending] of [
      [/One that is paid/, /^Paid, £4\.50/],
      [/More than there is/, /Rejected: there is too little in stock/],
      [/nobody knows/, /Rejected: a product is not known/],
      [/more money than you have/, /Cancelled: the customer's balance is too short/],
      [/By a stranger/, /Cancelled: payment does not know the customer/],
      [/In euros/, /Cancelled: the currency is not the account's/],
      [/Over the shop/, /Cancelled: the total is over the shop's limit/],
      [/cancel at once/, /Cancelled: the customer cancelled/],
      [/cannot take in time/, /Cancelled: it was not paid in time/],
    ] as const) {
      await page.goto(url("/try"));
      await page.getByRole("button", { name }).click();
      await page.getByText(ending).first().waitFor();
    }
  });

  test("of a cancelled order stock itself says when the goods went back", limit, async () => {
    await page.goto(url("/try"));
    await page.getByRole("button", { name: /By a stranger/ }).click();
    const back = page.getByRole("listitem").filter({ hasText: "Goods given back" });
    await back.locator("time").waitFor();
    assert.equal(await back.getByText("Stock has not said").count(), 0);
  });

  test(
    "one that stock cannot take waits for an operator, who is led to its dead letter and discards it",
    limit,
    async () => {
      await page.goto(url("/try"));
      await page.getByRole("button", { name: /discard it/ }).click();
      await page.getByText("waits for order.start at stock, which has set it aside").waitFor();
      await assertAccessible(page);
      await page.getByRole("link", { name: "Its dead letter" }).click();
      const access = JSON.parse(readFileSync(join(folder.path, "admin.json"), "utf8")) as { token: string };
      await page.getByLabel("Your name, for the trail").fill("ann");
      await page.getByLabel("Operators’ token").fill(access.token);
      await page.keyboard.press("Enter");
      await page.getByRole("link", { name: /^stock\/\d+$/ }).click();
      await page.getByText(/a fault for trying/).waitFor();
      await page.getByRole("button", { name: "Discard…" }).click();
      await page.getByLabel("Why, for the trail").fill("tried");
      await page.getByRole("button", { name: "Discard it" }).click();
      await page.getByText(/^Discarded: stock decided: refused/).waitFor();
      await page.getByRole("link", { name: /^[\da-f-]{36}$/ }).click();
      await page.getByText("Rejected: an operator discarded a message of it").waitFor();
    },
  );

  for (const [how, part] of [
    ["Stop", "order"],
    ["Kill", "intake"],
  ] as const) {
    test(
      `${part} is told to ${how.toLowerCase()}, is seen to be gone and comes back, and orders end again`,
      limit,
      async () => {
        await page.goto(url("/try"));
        await page.getByRole("button", { name: `${how} ${part}` }).click();
        await shop.says(new RegExp(`${part} has ended`));
        await shop.says(new RegExp(`${part} is back`));
        await page.getByText("Not live").waitFor({ state: "detached" });
        await page.getByRole("button", { name: /One that is paid/ }).click();
        await page.getByText(/^Paid, £4\.50/).waitFor();
      },
    );
  }

  test(
    "payment is killed with an order on its way: the order waits, payment comes back, the order is paid",
    limit,
    async () => {
      await page.goto(url("/try"));
      await page.getByRole("button", { name: "Kill payment" }).click();
      await page.getByText("payment was told to die").waitFor();
      await page.getByRole("button", { name: /One that is paid/ }).click();
      await page.getByText(/^Paid, £4\.50/).waitFor();
      assert.match(shop.output(), /payment has ended \(SIGKILL\)/);
      await shop.says(/payment is back/);
    },
  );

  test("the broker is killed and comes back, and what was in it is published again", limit, async () => {
    await page.goto(url("/try"));
    await page.getByRole("button", { name: "Kill broker" }).click();
    await shop.says(/the embedded broker is back/);
    await page.getByRole("button", { name: /One that is paid/ }).click();
    await page.getByText(/^Paid, £4\.50/).waitFor();
  });
});
