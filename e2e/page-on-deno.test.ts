import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { temporaryFolder } from "#db/temporary-store.ts";
import { assertAccessible } from "#dashboard/accessible.ts";
import { openBrowser } from "#dashboard/browser.ts";
import { freePort, startWorker } from "./worker.ts";

const browser = await openBrowser().catch((error: unknown) => String(error).split("\n")[0] ?? "");
const skip = typeof browser === "string" ? `no Chromium can be had here: ${browser}` : false;
if (skip !== false && process.env["REQUIRE_CHROMIUM"] === "1") throw new Error(skip);

describe(
  `intake's page, served by Deno${skip === false ? "" : ` (SKIPPED: ${skip})`}`,
  { skip: skip !== false },
  () => {
    test("comes, is live, and follows an order that is placed meanwhile", { timeout: 90_000 }, async () => {
      if (typeof browser === "string") return;
      const folder = temporaryFolder();
      const environment = { KAFKA_BROKERS: "127.0.0.1:1", STORE_URL: `file:${folder.path}/intake.db` };
      // Orders are taken without a broker: intake alone is enough for its page.
      const intake = startWorker({
        service: "intake",
        runtime: "Deno",
        port: await freePort(),
        environment,
        root: folder.path,
      });
      try {
        await intake.listening();
        const page = await browser.newPage({ locale: "en-GB" });
        const faults: string[] = [];
        page.on("pageerror", (error) => faults.push(error.message));
        await page.goto(intake.url);
        await page.getByRole("img", { name: /Orders a second\. From/ }).waitFor();
        const headers = { "content-type": "application/json" };
        const body = JSON.stringify({ customerId: "c", currency: "GBP", lines: [{ productId: "p", quantity: 1 }] });
        const { id } = (await (await fetch(`${intake.url}/orders`, { method: "POST", headers, body })).json()) as {
          id: string;
        };
        await page
          .getByText(/^1 open order|1 open orders/)
          .first()
          .waitFor();
        await page.goto(`${intake.url}/order/${id}`);
        await page.getByText("Waits for stock to reserve the goods").waitFor();
        await page.getByRole("button", { name: "Cancel this order…" }).click();
        await page.getByRole("button", { name: "Cancel the order" }).click();
        await page.getByRole("listitem").filter({ hasText: "Customer asked to cancel" }).waitFor();
        await assertAccessible(page);
        assert.deepEqual(faults, []);
      } finally {
        await browser.close();
        intake.signal("SIGKILL");
        await intake.ended;
        folder.remove();
      }
    });
  },
);
