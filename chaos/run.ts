import { setTimeout as delay } from "node:timers/promises";
import { services } from "#contracts/topics.ts";
import { type Random, seeded } from "#workers/testing/random-messages.ts";
import { type AdminClient, createAdminClient } from "#workers/operators/admin-client.ts";
import { audit } from "../cli/audit/audit.ts";
import { openAuditStores } from "../cli/audit/stores.ts";
import { disagreements } from "../e2e/agreement.ts";
import type { BrokerName } from "../e2e/brokers.ts";
import { keepEvidence } from "./evidence.ts";
import { judgeEnd } from "./model.ts";
import { makeTrouble, type Troubles } from "./monkey.ts";
import { noOperations, operate, type Operations } from "./operator.ts";
import { makePoison, type Poison } from "./poison.ts";
import { type LettersFound, missing, readLetters, send } from "./poisoner.ts";
import { adminToken, type ChaosShop, openChaosShop, type PlacedOrder } from "./shop.ts";

export interface ChaosOptions {
  readonly orders: number;
  readonly seed: number;
  /** How long the orders may take to end when it is calm. */
  readonly settleWithinMs: number;
  /** As in MonkeyOptions. */
  readonly only?: readonly string[] | undefined;
  /** The embedded one where it is left out. */
  readonly broker?: BrokerName | undefined;
  readonly say: (text: string) => void;
}

/** What happened, and what is wrong with it. */
export interface ChaosResult {
  readonly problems: readonly string[];
  readonly orders: readonly PlacedOrder[];
  readonly cancels: number;
  readonly poison: readonly Poison[];
  /** Sent again at the end, since a broker that was killed lost them. */
  readonly poisonAgain: number;
  readonly letters: LettersFound;
  readonly troubles: Troubles;
  readonly operations: Operations;
  /** How often a worker said that partitions stood still, and joined its group anew. */
  readonly stalls: number;
  /** By the end that intake shows. */
  readonly ends: ReadonlyMap<string, number>;
  readonly seconds: number;
  /** Folder with what workers and groups had to say, when something is wrong. */
  readonly evidence: string | undefined;
}

const poisonShare = 0.03;
const cancelShare = 0.1;
const placedAtOnce = 20;
/** Of one order after another: so that troubles have an order of every stage to meet. */
const pauseAtMostMs = 900;
const cancelWithinMs = 1_500;
const passesAtMost = 20;

/** Runs a shop through it all, and judges every order. Whatever is wrong comes back as a problem, in words. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { orders: count, seed, settleWithinMs, only, say } = options;
  const startedAtMs = performance.now();
  const shop = await openChaosShop(count, options.broker);
  try {
    const { processes } = shop;
    const troubles: Troubles = new Map();
    const operations = noOperations();
    const addresses = Object.fromEntries(services.map((service) => [service, processes.worker(service).url]));
    const access = { addresses: addresses as Record<(typeof services)[number], string>, token: adminToken };
    const client = createAdminClient(access, new AbortController().signal);
    const calm = new AbortController();
    const random = (salt: number) => seeded(seed * 31 + salt);
    const background = [
      makeTrouble({ processes, random: random(1), troubles, only, signal: calm.signal }),
      operateNowAndThen(client, random(2), operations, calm.signal),
    ];
    const placed = await placeAll(shop, count, random(3), calm, say).finally(() => calm.abort());
    await Promise.all(background);
    say(`${count} orders placed, ${sumOf(troubles)} troubles made; from here on it is calm`);
    const judged = await judge(shop, placed, { client, operations, random: random(4), settleWithinMs, say });
    const evidence = judged.problems.length > 0 ? await keepEvidence(processes, seed, judged.problems) : undefined;
    const stalls = services.flatMap(
      (service) => processes.output(service).match(/partitions stand still/g) ?? [],
    ).length;
    const seconds = (performance.now() - startedAtMs) / 1_000;
    return { ...placed, ...judged, troubles, operations, stalls, seconds, evidence };
  } finally {
    await shop.end();
  }
}

export const sumOf = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((sum, each) => sum + each, 0);

interface Placed {
  readonly orders: readonly PlacedOrder[];
  readonly cancelled: ReadonlySet<string>;
  readonly cancels: number;
  readonly poison: readonly Poison[];
}

async function placeAll(
  shop: ChaosShop,
  count: number,
  random: Random,
  calm: AbortController,
  say: (text: string) => void,
): Promise<Placed> {
  const orders: PlacedOrder[] = [];
  const cancelled = new Set<string>();
  const poison: Poison[] = [];
  const beside: Promise<void>[] = [];
  const poisonCount = Math.max(10, Math.round(count * poisonShare));
  let next = 0;
  let cancels = 0;

  async function cancelLater(orderId: string): Promise<void> {
    cancels += 1;
    await delay(random.below(cancelWithinMs));
    if ((await shop.cancel(orderId)) === true) cancelled.add(orderId);
  }
  async function placeSome(): Promise<void> {
    for (let n = next++; n < count; n = next++) {
      orders.push(await shop.place(n));
      if (random.below(1 / cancelShare) === 0) beside.push(cancelLater(orders.at(-1)?.orderId ?? ""));
      while (poison.length < Math.floor((orders.length * poisonCount) / count)) {
        const ids = orders.slice(-50).map(({ orderId }) => orderId);
        const one = makePoison(random, ids, poison.length);
        poison.push(one);
        beside.push(send(shop.processes.broker.bootstrapServers, [one]));
      }
      if (orders.length % 500 === 0) say(`  ${orders.length} orders placed`);
      await delay(random.below(pauseAtMostMs));
    }
  }
  await Promise.all(Array.from({ length: placedAtOnce }, placeSome));
  // Poison that a broker never took would be sent for ever.
  calm.abort();
  await Promise.all(beside);
  return { orders, cancelled, cancels, poison };
}

async function operateNowAndThen(client: AdminClient, random: Random, operations: Operations, calm: AbortSignal) {
  while (!calm.aborted) {
    await delay(1_000 + random.below(2_000), undefined, { signal: calm }).catch(() => undefined);
    if (!calm.aborted) await operate(client, random, operations);
  }
}

interface JudgeParts {
  readonly client: AdminClient;
  readonly operations: Operations;
  readonly random: Random;
  readonly settleWithinMs: number;
  readonly say: (text: string) => void;
}

async function judge(shop: ChaosShop, placed: Placed, { client, operations, random, settleWithinMs, say }: JudgeParts) {
  const operateOnce = () => operate(client, random, operations);
  // Orders whose own messages are dead letters end when somebody deals with those.
  const problems = await untilSettled(shop, placed.orders, settleWithinMs, operateOnce);
  let letters = await readLetters(shop.processes, placed.poison);
  const lost = missing(letters, placed.poison);
  if (problems.length === 0 && lost.length > 0) {
    say(`${lost.length} poisonous messages were lost with a broker's data and are sent again`);
    await send(
      shop.processes.broker.bootstrapServers,
      lost.map(({ poison }) => poison),
    );
    letters = await untilFound(shop, placed.poison, settleWithinMs);
    for (const { poison, groups } of missing(letters, placed.poison)) {
      problems.push(`poison (${poison.kind}) in ${poison.topic} has vanished at ${groups.join(", ")}: no dead letter`);
    }
  }
  problems.push(...letters.strangers.map((what) => `a genuine message was set aside: ${what}`));
  problems.push(...letters.misjudged.map((what) => `a dead letter has a wrong reason: ${what}`));
  let left = 1;
  for (let pass = 0; left > 0 && pass < passesAtMost; pass++) left = await operateOnce();
  if (left > 0) problems.push(`${left} dead letters can be neither healed, replayed nor discarded`);
  if (problems.length === 0) problems.push(...(await untilSettled(shop, placed.orders, settleWithinMs, operateOnce)));
  const { ends, wrong } = await judgeOrders(shop, placed, operations);
  // What is broken already does not get well by waiting.
  problems.push(...wrong, ...(await auditProblems(shop, problems.length + wrong.length > 0 ? 1_000 : settleWithinMs)));
  return { problems, letters, poisonAgain: lost.length, ends };
}

async function untilSettled(
  { stores }: ChaosShop,
  orders: readonly PlacedOrder[],
  withinMs: number,
  meanwhile: () => Promise<unknown>,
): Promise<string[]> {
  const untilMs = performance.now() + withinMs;
  let ids = orders.map(({ orderId }) => orderId);
  for (;;) {
    const open = disagreements(await stores.orders(ids));
    if (open.length === 0) return [];
    if (performance.now() > untilMs) return open.map((each) => `the services do not agree on an end of ${each}`);
    ids = open.map((each) => each.slice(0, each.indexOf(":")));
    await meanwhile();
    await delay(200);
  }
}

async function untilFound(
  { processes }: ChaosShop,
  poison: readonly Poison[],
  withinMs: number,
): Promise<LettersFound> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    const letters = await readLetters(processes, poison);
    if (missing(letters, poison).length === 0 || performance.now() > untilMs) return letters;
    await delay(200);
  }
}

async function judgeOrders({ stores }: ChaosShop, { orders, cancelled }: Placed, operations: Operations) {
  const records = await stores.orders(orders.map(({ orderId }) => orderId));
  const ends = new Map<string, number>();
  const wrong: string[] = [];
  for (const { orderId, customerId, kind } of orders) {
    const record = records.get(orderId);
    const end = record?.ends.intake ?? "nothing";
    ends.set(end, (ends.get(end) ?? 0) + 1);
    const fate = {
      kind,
      isCancelled: cancelled.has(orderId),
      discarded: operations.discarded.get(orderId) ?? new Set<string>(),
    };
    const problem = judgeEnd(fate, record, (await stores.balanceMinor(customerId)) ?? 0);
    if (problem !== undefined) wrong.push(`${orderId}: ${problem}`);
  }
  return { ends, wrong };
}

async function auditProblems({ processes }: ChaosShop, patienceMs: number): Promise<string[]> {
  const stores = openAuditStores(processes.storeUrls);
  try {
    const verdict = await audit(stores, { patienceMs, signal: AbortSignal.timeout(300_000) });
    const found = verdict.findings.map(
      ({ rule, orderId, what }) => `audit: ${rule}: ${orderId ?? "no order"}: ${what}`,
    );
    return verdict.inFlight.count === 0
      ? found
      : [...found, `audit: ${verdict.inFlight.count} orders are still in flight`];
  } finally {
    stores.close();
  }
}
