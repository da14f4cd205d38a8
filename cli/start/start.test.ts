import assert from "node:assert/strict";
import { createServer } from "node:net";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { temporaryFolder } from "#db/temporary-store.ts";
import { storeUrlsIn } from "../audit/stores.ts";
import { countOpenOrders } from "./open-orders.ts";
import { areFree, findPorts, type ShopProcess, startShop, until } from "./shop-process.ts";

const { signal } = new AbortController();
let folder: ReturnType<typeof temporaryFolder>;
let ports: Awaited<ReturnType<typeof findPorts>>;
const shops: ShopProcess[] = [];
before(async () => {
  folder = temporaryFolder();
  ports = await findPorts();
});
after(async () => {
  for (const shop of shops) shop.kill("SIGKILL");
  await until(() => areFree(ports.http), "all processes have ended");
  folder.remove();
});

function start(...args: string[]): ShopProcess {
  const common = ["--data", folder.path, "--port", String(ports.http), "--broker-port", String(ports.broker)];
  const shop = startShop([...common, ...args]);
  shops.push(shop);
  return shop;
}

describe("a shop on an empty folder", () => {
  test("posts the first day, ends each order as it must, and leaves no process", async () => {
    const shop = start("--exit");
    assert.equal(await shop.exited, 0, shop.output());
    assert.match(shop.output(), /2010-12-01: accepted 127\/127 {2}paid 105 {2}rejected 10 {2}cancelled 12/);
    assert.match(shop.output(), /audit: CLEAN, each of 127 orders has exactly one end/);
    assert.doesNotMatch(shop.output(), /not as expected/);
    assert.ok(await areFree(ports.http));
  });
});

describe("a shop that was killed with orders open", () => {
  test("leaves no process, ends them at the next start, and posts the day again without an order twice", async () => {
    const killed = start();
    const { intake } = storeUrlsIn(folder.path);
    await killed.says(/2010-12-02: 141 orders/);
    await until(async () => (await countOpenOrders(intake, signal)) > 0, "orders are open");
    killed.kill("SIGKILL");
    await until(() => areFree(ports.http), "workers and broker have ended with their parent");
    assert.ok((await countOpenOrders(intake, signal)) > 0, "orders must be open for this test to say anything");

    const next = start("--exit");
    assert.equal(await next.exited, 0, next.output());
    assert.match(next.output(), /\d+ orders? left open by an earlier start/);
    assert.match(next.output(), /all \d+ have ended after/);
    assert.match(next.output(), /2010-12-02: accepted 141\/141 {2}paid 122 {2}rejected 7 {2}cancelled 12/);
    assert.match(next.output(), /audit: CLEAN, each of 268 orders has exactly one end/);
  });
});

describe("a shop that is open", () => {
  test("starts a worker again that died, has two invitations to try, and ends on Ctrl-C", async () => {
    const shop = start();
    await shop.says(/until Ctrl-C/);
    assert.match(shop.output(), /2010-12-03: accepted 68\/68/);
    process.kill(shop.workerPid("payment"), "SIGKILL");
    await shop.says(/payment has ended \(SIGKILL\); it is started again/);
    await shop.says(/payment is back/);
    const [, body = ""] = /-d '(.*)'/.exec(shop.output()) ?? [];
    const url = `http://127.0.0.1:${ports.http}/orders`;
    const placed = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
    const { id } = (await placed.json()) as { id: string };
    const ended = await fetch(`${url}/${id}?wait=30s`);
    assert.equal(((await ended.json()) as { status: string }).status, "paid");
    shop.kill("SIGINT");
    assert.equal(await shop.exited, 0, shop.output());
    assert.ok(await areFree(ports.http));
  });

  test("keeps its folder to itself: a second start says who has it", async () => {
    const shop = start();
    await shop.says(/until Ctrl-C/);
    const second = start("--exit");
    assert.equal(await second.exited, 1);
    assert.match(second.output(), /data folder .* is in use by process \d+/);
    shop.kill("SIGINT");
    assert.equal(await shop.exited, 0, shop.output());
  });
});

describe("a shop that cannot be started", () => {
  test("says which port is taken, and by which of its parts it is wanted", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(ports.http + 1, "127.0.0.1", resolve));
    const shop = start("--exit");
    assert.equal(await shop.exited, 1);
    assert.match(shop.output(), new RegExp(`port ${ports.http + 1} \\(stock\\) taken by another program`));
    await new Promise((resolve) => server.close(resolve));
  });

  test("says that its folder cannot be used", async () => {
    const shop = start("--data", `${folder.path}/posted.json/below`, "--exit");
    assert.equal(await shop.exited, 1);
    assert.match(shop.output(), /the data folder .*posted\.json\/below cannot be used/);
  });
});
