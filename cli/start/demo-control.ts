import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { DemoOrder } from "#contracts/demo.ts";
import { type Service, services } from "#contracts/topics.ts";
import { listenOnFreePort } from "#kafka/free-ports.ts";
import type { Broker } from "./broker.ts";
import { demoProducts, unlucky, visitor } from "./open-shop.ts";
import type { Workers } from "./workers.ts";

/** Lets the page of this shop break its parts; nothing else reaches it. */
export interface DemoControl {
  /** Has a secret in its path, which only intake is told. */
  readonly url: string;
  /** What there is to break. */
  attach(workers: Pick<Workers, "end">, broker: Pick<Broker, "end">): void;
  close(): void;
}

/** On this machine's own address only. */
export async function openDemoControl(say: (text: string) => void): Promise<DemoControl> {
  const secret = randomBytes(24).toString("base64url");
  let parts: { readonly workers: Pick<Workers, "end">; readonly broker: Pick<Broker, "end"> } | undefined;

  function end(part: string, how: string): boolean {
    const signal = how === "kill" ? "SIGKILL" : "SIGTERM";
    if (parts === undefined || (how !== "kill" && how !== "stop")) return false;
    const service = services.find((known): known is Service => known === part);
    if (service === undefined && (part !== "broker" || parts.broker.end === undefined)) return false;
    say(`from the page: ${how} ${part}`);
    if (service === undefined) parts.broker.end?.(signal);
    else parts.workers.end(service, signal);
    return true;
  }

  const server = createServer((request, response) => {
    const [, given, part = "", how = ""] = (request.url ?? "").split("/");
    if (given !== secret) return void response.writeHead(404).end();
    if (request.method === "GET") return void response.end(JSON.stringify({ orders: demoOrders }));
    response.writeHead(end(part, how) ? 202 : 404).end("{}");
  });
  const port = await listenOnFreePort(server);
  return {
    url: `http://127.0.0.1:${port}/${secret}`,
    attach: (workers, broker) => void (parts = { workers, broker }),
    close: () => void server.close(),
  };
}

const { customerId: you } = visitor;
const { mug, rare, jinxed } = demoProducts;
const order = (customerId: string, productId: string, quantity: number, currency = "GBP") => {
  return { customerId, currency, lines: [{ productId, quantity }] };
};

/** One for each way in which an order may end; for the last two there are planted faults. */
const demoOrders: readonly DemoOrder[] = [
  { ending: "paid", title: "One that is paid", body: order(you, mug, 1) },
  { ending: "stock-short", title: "More than there is in stock", body: order(you, rare, 5) },
  { ending: "unknown-product", title: "A product that nobody knows", body: order(you, "no-such-product", 1) },
  { ending: "balance-short", title: "For more money than you have", body: order(you, mug, 100) },
  { ending: "unknown-customer", title: "By a stranger", body: order("stranger", mug, 1) },
  { ending: "currency-mismatch", title: "In euros, with an account in pounds", body: order(you, mug, 1, "EUR") },
  { ending: "total-over-limit", title: "Over the shop’s limit", body: order(you, mug, 400) },
  { ending: "customer", title: "One that you cancel at once", body: order(you, mug, 1) },
  { ending: "deadline", title: "One that payment cannot take in time", body: order(unlucky.customerId, mug, 1) },
  { ending: "discarded", title: "One that stock cannot take: discard it", body: order(you, jinxed, 1) },
];
