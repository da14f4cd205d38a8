import { randomBytes } from "node:crypto";
import { services } from "#contracts/topics.ts";
import { expectedOutcomes, type Opening } from "#data/shop.ts";
import { writeAccessFile } from "../admin/access.ts";
import { audit } from "../audit/audit.ts";
import { reportOf } from "../audit/report.ts";
import { openAuditStores, storeUrlsIn } from "../audit/stores.ts";
import { counted } from "../counted.ts";
import { type Addresses, addressesOf, portsOf } from "./addresses.ts";
import { type Broker, startBroker } from "./broker.ts";
import { claimDataFolder, type DataFolder, rememberBroker } from "./data-folder.ts";
import { countOpenOrders, untilNoneOpen } from "./open-orders.ts";
import { plantDemoFaults } from "./demo-faults.ts";
import { openDemoControl } from "./demo-control.ts";
import { openShopFor, visitor } from "./open-shop.ts";
import type { StartOptions } from "./options.ts";
import { requireFreePorts } from "./ports.ts";
import { postOrders } from "./post-orders.ts";
import { nextDay, openPostedDays, type OrderFile, type PostedDays, readOrderFile } from "./posted-days.ts";
import { createShopHttp, type ShopHttp } from "./shop-http.ts";
import { duration, leftOutText, outcomesTable, progressLine, type Screen } from "./show.ts";
import { createTally } from "./tally.ts";
import { watchReady } from "./watch-ready.ts";
import { startWorkers, type Workers } from "./workers.ts";

export interface StartParts {
  readonly screen: Screen;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the shop: what is in hand is ended, and all processes. */
  readonly signal: AbortSignal;
  /** Ends it at once. */
  readonly hurry: AbortSignal;
}

/**
 * Runs the shop to its end.
 * @returns whether all orders ended as they must and the audit found nothing
 * @throws StartError
 */
export async function start(options: StartOptions, parts: StartParts): Promise<boolean> {
  const { screen, signal, hurry, environment } = parts;
  const startedAtMs = performance.now();
  const folder = await claimDataFolder(options.dataFolder);
  try {
    const posted = openPostedDays(folder.path);
    const files = options.files?.map(readOrderFile);
    await requireFreePorts(wantedPorts(options));
    rememberBroker(folder, options.broker.kind);
    const open = await countOpenOrders(intakeStore(folder), signal);
    const broker = await startBroker(options.broker, environment, screen.say);
    screen.say(broker.notice);
    const stopping = new AbortController();
    const demo = await openDemoControl(screen.say);
    let workers: Workers | undefined;
    const onHurry = () => workers?.kill();
    hurry.addEventListener("abort", onHurry);
    try {
      const addresses = addressesOf(options.httpPort);
      const adminToken = randomBytes(24).toString("base64url");
      writeAccessFile(folder.path, { addresses, token: adminToken });
      const isOurBroker = options.broker.kind !== "given";
      const common = { folder, addresses, environment, say: screen.say, httpPort: options.httpPort };
      workers = startWorkers({ ...common, brokers: broker.brokers, isOurBroker, adminToken, demoUrl: demo.url });
      demo.attach(workers, broker);
      await untilAborted(workers.ready, signal);
      await plantDemoFaults(storeUrlsIn(folder.path), signal);
      screen.say(
        `broker and workers are up after ${duration(performance.now() - startedAtMs)}; logs in ${folder.logs}`,
      );
      const working = AbortSignal.any([signal, stopping.signal]);
      const http = createShopHttp(working, environment["HTTP_TOKEN"]?.trim() || undefined);
      const { stuck } = watchReady({ addresses, say: screen.say, signal: working, patienceMs: notReadyAtMostMs });
      return await runShop({
        stuck,
        options,
        folder,
        posted,
        files,
        open,
        addresses,
        http,
        screen,
        signal: working,
        startedAtMs,
      });
    } finally {
      stopping.abort(new Error("stopping"));
      demo.close();
      await stopAll(workers, broker, screen);
      hurry.removeEventListener("abort", onHurry);
    }
  } finally {
    folder.release();
  }
}

interface Shop {
  readonly options: StartOptions;
  readonly folder: DataFolder;
  readonly posted: PostedDays;
  readonly files: readonly OrderFile[] | undefined;
  /** Orders that an earlier start left open. */
  readonly open: number;
  readonly addresses: Addresses;
  readonly http: ShopHttp;
  readonly screen: Screen;
  /** Ends all work. */
  readonly signal: AbortSignal;
  readonly startedAtMs: number;
  /** Rejects when a worker does not become ready. */
  readonly stuck: Promise<never>;
}

/** A broker that is started again, or a store that is busy, takes less. */
const notReadyAtMostMs = 30_000;

async function runShop(shop: Shop): Promise<boolean> {
  const { options, posted, open, screen, signal } = shop;
  let isWell = true;
  let isAudited = false;
  try {
    if (open > 0) isWell = await Promise.race([endOpenOrders(shop), shop.stuck]);
    const day = shop.files ?? [nextDay(posted)].filter((file) => file !== undefined);
    if (day.length === 0) screen.say("all days that come with the project are posted; --orders FILE posts others");
    let opening: Opening | undefined;
    for (const file of day) {
      const result = await Promise.race([postFile(file, shop), shop.stuck]);
      opening = result.opening;
      isWell = result.isWell && isWell;
    }
    isWell = (await auditShop(shop)) && isWell;
    isAudited = true;
    if (options.exits) return isWell;
    screen.say(invitation(shop.addresses, opening));
    await aborted(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return isWell && isAudited;
}

/** Longer than any order takes that is not stuck; one that is, the audit names. */
const openWithinMs = 60_000;

async function endOpenOrders({ folder, open, screen, signal }: Shop): Promise<boolean> {
  screen.say(`${counted(open, "order")} left open by an earlier start: first they are ended`);
  const startedAtMs = performance.now();
  const left = await untilNoneOpen(intakeStore(folder), openWithinMs, signal);
  const took = duration(performance.now() - startedAtMs);
  screen.say(left === 0 ? `all ${open} have ended after ${took}` : `${left} of them are still open after ${took}`);
  return left === 0;
}

const lookEveryMs = 200;

/** Opens the shop for a file's orders, posts them, and shows how they end. */
async function postFile(file: OrderFile, shop: Shop) {
  const { options, addresses, http, posted, screen, signal, startedAtMs } = shop;
  const { orders } = file.day;
  screen.say(`${file.name}: ${counted(orders.length, "order")}; ${leftOutText(file.day)}`);
  const opening = await openShopFor(file, addresses, http);
  const { prices, restock, topUps } = opening;
  screen.say(
    `  the shop has ${prices.length} products, ${restock.length} of them stocked, and ${topUps.length} customers with money`,
  );
  const tally = createTally();
  let firstSaid = false;
  const show = () => {
    const firstAtMs = tally.firstSettledAtMs();
    if (!firstSaid && firstAtMs !== undefined) {
      firstSaid = true;
      screen.say(`  first order settled ${duration(firstAtMs - startedAtMs)} after the start`);
    }
    screen.progress(progressLine(file.name, orders.length, tally.now()));
  };
  const timer = setInterval(show, lookEveryMs);
  try {
    await postOrders(orders, {
      intakeUrl: addresses.intake,
      http,
      tally,
      ratePerSecond: options.ratePerSecond,
      signal,
    });
  } finally {
    clearInterval(timer);
  }
  show();
  posted.add(file);
  screen.say(progressLine(file.name, orders.length, tally.now()));
  const outcomes = tally.outcomes(expectedOutcomes(file.day));
  screen.say(outcomesTable(outcomes));
  for (const surprise of outcomes.surprises.slice(0, 20)) screen.say(`  not as expected: ${surprise}`);
  return { opening, isWell: outcomes.surprises.length === 0 };
}

const patienceMs = 15_000;

async function auditShop({ folder, screen, signal }: Shop): Promise<boolean> {
  const stores = openAuditStores(storeUrlsIn(folder.path));
  try {
    const verdict = await audit(stores, { patienceMs, signal });
    screen.say(reportOf(verdict));
    return verdict.findingCount === 0;
  } finally {
    stores.close();
  }
}

function invitation(addresses: Addresses, opening: Opening | undefined): string {
  const lines = services.map((service) => `  ${service.padEnd(8)} ${addresses[service]}`);
  const productId = opening?.restock[0]?.productId ?? "85123A";
  const body = JSON.stringify({ customerId: visitor.customerId, currency: "GBP", lines: [{ productId, quantity: 1 }] });
  return [
    "",
    `The shop is open, until Ctrl-C. See it, and try it: ${addresses.intake}/`,
    ...lines,
    "An order, and what became of it:",
    `  curl -s ${addresses.intake}/orders -H 'content-type: application/json' -d '${body}'`,
    `  curl -s '${addresses.intake}/orders?customer=${visitor.customerId}'`,
    "",
  ].join("\n");
}

async function stopAll(workers: Workers | undefined, broker: Broker, screen: Screen): Promise<void> {
  const startedAtMs = performance.now();
  // The broker last: what workers have in hand still goes out.
  await workers?.stop();
  await broker.stop();
  screen.say(`stopped after ${duration(performance.now() - startedAtMs)}`);
}

function wantedPorts({ broker, httpPort }: StartOptions) {
  const http = Object.entries(portsOf(httpPort)).map(([of, port]) => ({ port, of }));
  return broker.kind === "embedded" ? [...http, { port: broker.port, of: "the embedded broker" }] : http;
}

const intakeStore = (folder: DataFolder) => storeUrlsIn(folder.path).intake;

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** What was waited for, or else what the signal aborted with. */
async function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  await Promise.race([promise, aborted(signal)]);
  signal.throwIfAborted();
}
