import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { startTestBroker } from "#bus/testing.ts";
import { type OrderView, orderView } from "#contracts/http.ts";
import { type Service, services } from "#contracts/topics.ts";
import { temporaryFolder } from "#db/temporary-store.ts";
import type { EmbeddedBroker } from "#kafka/embedded-broker/start.ts";
import { listenOnFreePort } from "#kafka/free-ports.ts";

const limit = { timeout: 60_000 };

let folder: ReturnType<typeof temporaryFolder>;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  folder.remove();
});

interface Worker {
  readonly child: ChildProcess;
  /** The status or signal that it ended with, and what it said. */
  readonly ended: Promise<{ readonly end: number | string | null; readonly output: string }>;
  /** Where it listens. */
  readonly url: Promise<string>;
}

function start(service: Service, environment: Record<string, string>): Worker {
  const main = join(import.meta.dirname, service, "main.ts");
  const store = `file:${join(folder.path, `${service}.db`)}`;
  const env = { ...process.env, HTTP_PORT: "0", STORE_URL: store, KAFKA_BROKERS: "127.0.0.1:1", ...environment };
  // This very runtime: Bun, or Deno with its flags.
  const flags = "Deno" in globalThis ? ["run", "--allow-all", "--no-check", main] : [main];
  const child = spawn(process.execPath, flags, { env, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let output = "";
  const url = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text: Buffer) => {
        output += text.toString();
        const port = /"listening".*"port":(\d+)/.exec(output)?.[1];
        if (port !== undefined) resolve(`http://127.0.0.1:${port}`);
      });
    }
  });
  const ended = new Promise<{ end: number | string | null; output: string }>((resolve) => {
    child.on("close", (code, signal) => resolve({ end: signal ?? code, output }));
  });
  return { child, ended, url };
}

/** Not by `child.kill`, after which Deno tells of the signal however the process ended. */
function stop({ child }: Worker): void {
  if (child.pid !== undefined) process.kill(child.pid, "SIGTERM");
}

function send(url: string, method: string, body: unknown, key: string): Promise<Response> {
  const headers = { "content-type": "application/json", "idempotency-key": key };
  return fetch(url, { method, body: JSON.stringify(body), headers });
}

describe("a worker's settings", () => {
  test("are refused with all problems at once, before anything is opened", limit, async () => {
    const { end, output } = await start("order", {
      KAFKA_BROKERS: "nowhere",
      KAFKA_ACKS: "1",
      HTTP_PORT: "x",
      HTTP_HOST: "0.0.0.0",
      STORE_URL: "data.db",
      ACCOUNT_CURRENCY: "pounds",
      ORDER_DEADLINE_MS: "0",
    }).ended;
    assert.equal(end, 1);
    const lines = output.trim().split("\n");
    for (const variable of [
      "KAFKA_BROKERS",
      "KAFKA_ACKS",
      "HTTP_PORT",
      "HTTP_HOST",
      "STORE_URL",
      "ACCOUNT_CURRENCY",
      "ORDER_DEADLINE_MS",
    ]) {
      assert.equal(lines.filter((line) => line.startsWith(`order: ${variable}`)).length, 1, variable);
    }
    assert.equal(lines.length, 7);
  });

  test("name the port that is taken", limit, async () => {
    const server = createServer();
    const port = String(await listenOnFreePort(server));
    const { end, output } = await start("stock", { HTTP_PORT: port }).ended;
    server.close();
    assert.equal(end, 1);
    assert.match(output, new RegExp(`stock: cannot listen on 127.0.0.1:${port}`));
  });
});

describe("a worker without a broker", () => {
  test("serves HTTP, takes orders, and stops clean when asked to", limit, async () => {
    const intake = start("intake", {});
    const url = await intake.url;
    const order = { customerId: "c", currency: "GBP", lines: [{ productId: "p", quantity: 1 }] };
    const placed = await send(`${url}/orders`, "POST", order, "1");
    assert.equal(placed.status, 202);
    const { id } = orderView.parse(await placed.json());
    assert.match(await (await fetch(`${url}/metrics`)).text(), /^orderwright_consumed_total\{service="intake"\} 0$/m);
    const waiting = fetch(`${url}/orders/${id}?wait=30s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    stop(intake);
    assert.equal(orderView.parse(await (await waiting).json()).status, "received");
    assert.equal((await intake.ended).end, 0);
  });

  test("dies where FAULT_KILL_AT says, and has nothing of that transaction", limit, async () => {
    const killed = start("intake", { FAULT_KILL_AT: "before-commit:1" });
    const order = { customerId: "c", currency: "GBP", lines: [{ productId: "p", quantity: 1 }] };
    await assert.rejects(send(`${await killed.url}/orders`, "POST", order, "1"));
    assert.equal((await killed.ended).end, "SIGKILL");
    const url = await start("intake", {}).url;
    assert.deepEqual(await (await fetch(`${url}/orders?customer=c`)).json(), { orders: [] });
  });
});

describe("the four workers on a broker", () => {
  let broker: EmbeddedBroker;
  beforeEach(async () => {
    broker = await startTestBroker();
  });
  afterEach(() => broker.stop());

  test("settle orders that a shop posts: paid, rejected, cancelled", limit, async () => {
    const environment = { KAFKA_BROKERS: broker.bootstrapServers, KAFKA_FETCH_WAIT_MS: "5" };
    const workers = Object.fromEntries(services.map((service) => [service, start(service, environment)]));
    const urlOf = async (service: Service) => (await workers[service]?.url) ?? "";
    const [intake, stock, payment] = await Promise.all([urlOf("intake"), urlOf("stock"), urlOf("payment")]);
    await send(`${stock}/prices`, "PUT", { prices: [{ productId: "p", priceMinor: 100 }] }, "1");
    await send(`${stock}/restocks`, "POST", { items: [{ productId: "p", quantity: 12 }] }, "2");
    await send(
      `${payment}/top-ups`,
      "POST",
      { currency: "GBP", topUps: [{ customerId: "c", amountMinor: 1_000 }] },
      "1",
    );
    const settle = async (quantity: number, key: string): Promise<OrderView> => {
      const order = { customerId: "c", currency: "GBP", lines: [{ productId: "p", quantity }] };
      const placed = await send(`${intake}/orders`, "POST", order, key);
      const ended = await fetch(`${intake}${placed.headers.get("location")}?wait=30s`);
      return orderView.parse(await ended.json());
    };
    const outcomes = [await settle(6, "1"), await settle(7, "2"), await settle(5, "3"), await settle(4, "4")];
    assert.deepEqual(
      outcomes.map(({ status, reason }) => [status, reason]),
      [
        ["paid", undefined],
        ["rejected", "stock-short"],
        ["cancelled", "balance-short"],
        ["paid", undefined],
      ],
    );
    Object.values(workers).forEach(stop);
    for (const { ended } of Object.values(workers)) assert.equal((await ended).end, 0);
  });
});
