import { sql } from "drizzle-orm";
import { setTimeout as delay } from "node:timers/promises";
import type { Service } from "#contracts/topics.ts";
import { connect, type Transaction } from "#db/connection.ts";
import type { Random } from "#workers/testing/random-messages.ts";
import { faultPoints } from "../e2e/deaths.ts";
import type { Processes } from "../e2e/processes.ts";

/** What was done to the shop, by its name. */
export type Troubles = Map<string, number>;

export interface MonkeyOptions {
  readonly processes: Processes;
  readonly random: Random;
  readonly troubles: Troubles;
  /** Of `troubleNames`; all of them where it is left out. With fewer kinds they come in quicker succession. */
  readonly only?: readonly string[] | undefined;
  /** Ends it; the shop is whole again when both loops have ended. */
  readonly signal: AbortSignal;
}

/** Where it strikes: two loops never at one worker. */
type Place = MonkeyOptions & { readonly among: readonly Service[] };
type Trouble = readonly [name: string, make: (place: Place) => Promise<void>];

/** Longer than the session timeout of the workers' groups, so that partitions are taken from one that is frozen so long. */
const freezeAtMostMs = 4_000;
/** A death that is never reached is not waited for: who dies at his fifth batch may have no fifth. */
const deathWithinMs = 5_000;

const workerTroubles: readonly Trouble[] = [
  ["worker killed", killWorker],
  ["worker killed", killWorker],
  ["worker killed at a fault point", killWorkerAtPoint],
  ["worker killed at a fault point", killWorkerAtPoint],
  ["worker killed at a fault point", killWorkerAtPoint],
  ["worker killed twice in a row", killWorkerTwice],
  ["worker frozen", freezeWorker],
  ["worker frozen", freezeWorker],
  ["store locked by another process", lockStore],
  ["some orders refused by their store", refuseRows],
];
/** The embedded one loses all messages with its life; another one is not frozen. */
const brokerTroubles: readonly Trouble[] = [
  ["broker killed", ({ processes }) => processes.broker.restart()],
  ["broker frozen", freezeBroker],
  ["broker frozen", freezeBroker],
  ["broker unreachable", cutBroker],
];

export const troubleNames: readonly string[] = [
  ...new Set([...workerTroubles, ...brokerTroubles].map(([name]) => name)),
];

/** Makes trouble until the signal aborts: to workers and their stores in two loops, and to the broker beside them. */
export async function makeTrouble(options: MonkeyOptions): Promise<void> {
  await Promise.all([
    troubleLoop({ ...options, among: ["intake", "order"] }, workerTroubles, 700),
    troubleLoop({ ...options, among: ["stock", "payment"] }, workerTroubles, 700),
    troubleLoop({ ...options, among: [] }, brokerTroubles, 4_000),
  ]);
}

async function troubleLoop(place: Place, all: readonly Trouble[], pauseAtMostMs: number): Promise<void> {
  const { random, troubles, only, signal } = place;
  const canFreeze = place.processes.broker.freeze !== undefined;
  const kinds = all.filter(([name, make]) => (only?.includes(name) ?? true) && (canFreeze || make !== freezeBroker));
  const atMostMs = only === undefined ? pauseAtMostMs : Math.min(pauseAtMostMs, 1_000);
  while (kinds.length > 0 && !signal.aborted) {
    // The moment of a trouble is what is random; nothing is waited for.
    await delay(atMostMs / 4 + random.below(atMostMs), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const [name, make] = random.pick(kinds);
    await make(place);
    troubles.set(name, (troubles.get(name) ?? 0) + 1);
  }
}

async function killWorker({ processes, random, among }: Place): Promise<void> {
  const service = random.pick(among);
  processes.worker(service).signal("SIGKILL");
  await processes.restart(service);
}

async function killWorkerAtPoint({ processes, random, among }: Place): Promise<void> {
  const service = random.pick(among);
  // It leaves its group in peace, so that the next one has work in hand at once.
  await dieAt(processes, service, `${random.pick(faultPoints)}:${1 + random.below(4)}`);
  await processes.restart(service);
}

/** With the same record in hand, as likely as not: two deaths do not condemn it. */
async function killWorkerTwice({ processes, random, among }: Place): Promise<void> {
  const service = random.pick(among);
  for (let death = 0; death < 2; death += 1) await dieAt(processes, service, "before-commit:1");
  await processes.restart(service);
}

async function dieAt(processes: Processes, service: Service, killAt: string): Promise<void> {
  const dying = await processes.restart(service, { FAULT_KILL_AT: killAt });
  await Promise.race([dying.ended, delay(deathWithinMs)]);
  dying.signal("SIGKILL");
  await dying.ended;
}

async function freezeWorker({ processes, random, among }: Place): Promise<void> {
  const worker = processes.worker(random.pick(among));
  worker.signal("SIGSTOP");
  await delay(100 + random.below(freezeAtMostMs));
  worker.signal("SIGCONT");
}

/** A backup tool, or a person with a shell. */
async function lockStore({ processes, random, among }: Place): Promise<void> {
  const connection = await connect({ url: processes.storeUrls[random.pick(among)] }, "writer");
  try {
    // Longer than a worker waits for it before it calls that a failure.
    await connection.transaction("write", () => delay(2_500)).catch(() => undefined);
  } finally {
    connection.close();
  }
}

/** What a store says that refuses rows: by it, a genuine message's dead letter is known to have had a reason that passed. */
export const refusedByTrouble = "refused by the monkey";

/** Somebody's trigger, say. What meets it is set aside; once it is gone, a replay works. */
async function refuseRows({ processes, random, among }: Place): Promise<void> {
  const service = random.pick(among.filter((each) => each !== "intake"));
  const table = sql.raw(service === "payment" ? "payments" : "orders");
  // A quarter of them.
  const pattern = sql.raw(`*[${random.pick(["0-3", "4-7", "89ab", "c-f"])}]`);
  const write = async (statement: (tx: Transaction) => Promise<unknown>) => {
    for (let isDone = false; !isDone; await delay(20)) {
      const connection = await connect({ url: processes.storeUrls[service] }, "writer");
      // The worker may be writing: again.
      isDone = await connection.transaction("write", statement).then(
        () => true,
        () => false,
      );
      connection.close();
    }
  };
  const refusal = sql.raw(refusedByTrouble);
  await write((tx) =>
    tx.run(sql`CREATE TRIGGER monkey BEFORE INSERT ON ${table} WHEN NEW.order_id GLOB '${pattern}'
      BEGIN SELECT RAISE(ABORT, '${refusal}'); END`),
  );
  await delay(500 + random.below(2_500));
  await write((tx) => tx.run(sql`DROP TRIGGER monkey`));
}

async function freezeBroker({ processes: { broker }, random }: Place): Promise<void> {
  broker.freeze?.();
  await delay(100 + random.below(2_500));
  broker.thaw?.();
}

async function cutBroker({ processes: { broker }, random }: Place): Promise<void> {
  await broker.away();
  await delay(100 + random.below(1_500));
  await broker.back();
}
