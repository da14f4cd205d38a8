// Takes the pictures in docs/page: bun tools/page-pictures.ts. It runs a shop of `npm start` for a minute, with orders of all kinds,
// and looks at each page as a person would, light, dark and on a phone.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import type { Page } from "playwright-core";
import type { Demo } from "#contracts/demo.ts";
import type { OrderView } from "#contracts/http.ts";
import { openBrowser } from "#dashboard/browser.ts";
import { temporaryFolder } from "#db/temporary-store.ts";
import { visitor } from "../cli/start/open-shop.ts";
import { findPorts, startShop } from "../cli/start/shop-process.ts";

const pictures = join(import.meta.dirname, "../docs/page");
const looks = [
  { name: "light", colorScheme: "light", viewport: { width: 1200, height: 800 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1200, height: 800 } },
  { name: "narrow", colorScheme: "light", viewport: { width: 375, height: 800 } },
] as const;

/** Ends what goes on in the shop while it is looked at. */
const looked = new AbortController();
const folder = temporaryFolder();
const ports = await findPorts();
const shop = startShop(["--data", folder.path, "--port", String(ports.http), "--broker-port", String(ports.broker)]);
const browser = await openBrowser();
const url = (path: string) => `http://127.0.0.1:${ports.http}${path}`;
try {
  await shop.says(/The shop is open/);
  const ids = await placeOrders(60_000);
  const page = await browser.newPage({ locale: "en-GB", timezoneId: "Europe/London" });
  const { token } = JSON.parse(readFileSync(join(folder.path, "admin.json"), "utf8")) as { token: string };
  await page.addInitScript(
    `sessionStorage.setItem("orderwright-operator", ${JSON.stringify(JSON.stringify({ name: "ann", token }))})`,
  );
  for (const look of looks) {
    await page.setViewportSize(look.viewport);
    await page.emulateMedia({ colorScheme: look.colorScheme, reducedMotion: "reduce" });
    await takeAll(page, look.name, ids);
  }
} finally {
  looked.abort();
  await browser.close();
  shop.kill("SIGTERM");
  await shop.exited;
  folder.remove();
}
process.exit(0);

/** Some a second, so that there is something to see; gives the last of each ending. */
async function placeOrders(forMs: number): Promise<ReadonlyMap<string, string>> {
  const { orders } = (await (await fetch(url("/demo"))).json()) as Demo;
  await topUp();
  const often = orders.filter(({ ending }) => ending !== "deadline" && ending !== "discarded");
  const ids = new Map<string, string>();
  const place = async ({ ending, body }: Demo["orders"][number]) => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(url("/orders"), { method: "POST", headers, body: JSON.stringify(body) });
    const { id } = (await answer.json()) as OrderView;
    if (ending === "customer") await fetch(url(`/orders/${id}?wait=5s`));
    if (ending === "customer") await fetch(url(`/orders/${id}/cancel`), { method: "POST" });
    ids.set(ending, id);
  };
  const placeSome = async (untilMs: number) => {
    for (let turn = 0; performance.now() < untilMs && !looked.signal.aborted; turn += 1) {
      const order = turn % 3 === 0 ? often[(turn / 3) % often.length] : orders[0];
      if (order !== undefined) await place(order);
      await delay(20 + 60 * Math.random());
    }
  };
  await placeSome(performance.now() + forMs);
  for (const order of orders) await place(order);
  const last = new Map(ids);
  placeSome(Number.POSITIVE_INFINITY).catch((error: unknown) => looked.signal.aborted || console.error(error));
  return last;
}

/** The shop's visitor soon has no money left. */
async function topUp(): Promise<void> {
  const headers = { "content-type": "application/json", "idempotency-key": "pictures" };
  const topUps = [{ customerId: visitor.customerId, amountMinor: 10_000_000 }];
  const body = JSON.stringify({ currency: "GBP", topUps });
  // Payment listens three ports further on.
  const answer = await fetch(`http://127.0.0.1:${ports.http + 3}/top-ups`, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(await answer.text());
}

async function takeAll(page: Page, look: string, ids: ReadonlyMap<string, string>): Promise<void> {
  const take = async (name: string, fullPage = true) => {
    await page.screenshot({ path: join(pictures, `${name}-${look}.png`), fullPage });
    console.log(`docs/page/${name}-${look}.png`);
  };
  await page.goto(url("/"));
  await page.getByRole("img", { name: /Orders a second\. From/ }).waitFor();
  await page.getByText("open dead letters").first().waitFor();
  await delay(1_500);
  await take("overview");
  await page.goto(url(`/order/${ids.get("customer")}`));
  await page.getByText("Goods given back").waitFor();
  await page.getByText("Stock has not said").waitFor({ state: "detached" });
  await take("order");
  await page.goto(url(`/order/${ids.get("discarded")}`));
  await page.getByText("which has set it aside").waitFor();
  await take("order-waiting");
  await page.goto(url("/find?status=cancelled"));
  await page.getByText(/\d+ orders/).waitFor();
  await take("find");
  await page.goto(url("/dead-letters"));
  await page.getByText(/^\d+ letters?$/).waitFor();
  await take("dead-letters");
  await page
    .getByRole("link", { name: /^stock\/\d+$/ })
    .first()
    .click();
  await page.getByText("Nothing yet.").waitFor();
  await take("dead-letter");
  await page.getByRole("button", { name: "Discard…" }).click();
  await page.getByText(/stock decided: refused/).waitFor();
  // Only what is seen at once: a dialog is over that.
  await take("dead-letter-dry-run", false);
  await page.goto(url("/try"));
  await page.getByText("open dead letters").first().waitFor();
  await take("try");
}
