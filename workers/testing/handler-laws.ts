import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sql } from "drizzle-orm";
import type { BatchHandler, Handled, Received } from "#bus/batch-handler.ts";
import { encode } from "#contracts/envelope.ts";
import { type EventType, messageId, type OrderEvent } from "#contracts/events.ts";
import { topics } from "#contracts/topics.ts";
import type { Transaction } from "#db/connection.ts";
import type { Migration } from "#db/migrate.ts";
import { readOffsets } from "#db/offsets.ts";
import type { Store } from "#db/open-store.ts";
import { readOutboxAfter } from "#db/outbox.ts";
import { openTemporaryStore, type TemporaryStore } from "#db/temporary-store.ts";
import { logsOf, openBusUnderTest } from "./bus-under-test.ts";
import { type Random, randomCuts, randomMessages, seeded } from "./random-messages.ts";
import { sampleMessages } from "./sample-messages.ts";
import type { Machine, MachineState, SagaMessage } from "../search/machines.ts";

/** What a store keeps, as the search's machines keep it: equal histories leave equal ones. */
export type Kept = Record<"rows" | "products" | "accounts" | "ledger", readonly object[]>;
export const nothingKept: Kept = { rows: [], products: [], accounts: [], ledger: [] };
export const nothingAtFirst: MachineState = { rows: {}, products: {}, accounts: {}, ledger: [] };

/** A handler and all that its tests must know of its service. */
export interface Subject<K extends EventType> {
  readonly handler: BatchHandler<K>;
  readonly migrations: readonly Migration[];
  /** The shipped decide, one message after the other, in memory. */
  readonly machine: Machine;
  readonly start: MachineState;
  /** Every outcome of decide: random histories must reach each, or they show nothing. */
  readonly outcomes: readonly string[];
  /** Puts into the store what is in `start`. */
  fill(tx: Transaction): Promise<void>;
  /** All that is in the store, each list in the order of its keys. */
  read(tx: Transaction): Promise<Kept>;
  /** Types of messages that an order gets one after another; each statement of the handler must be met. */
  readonly ways: readonly (readonly K[])[];
  /** Puts into the store what `count` sample orders need. */
  fillSamples(tx: Transaction, count: number): Promise<void>;
  /** The service's clock, for orders whose own time passes. */
  readonly clock?: Clock;
}

/** Lets time pass between two batches and decides what that causes. */
export type Clock = (tx: Transaction, random: Random, nowMs: number) => Promise<{ handled: Handled; nowMs: number }>;

/** A run that failed names its seed: HANDLER_SEED=<seed> begins with it. */
const firstSeed = Number(process.env["HANDLER_SEED"] ?? Date.now() % 2 ** 31);
const histories = 1_000;

/** Tests that hold for the handler of every service. */
export function describeHandler<K extends EventType>(subject: Subject<K>): void {
  const { handler } = subject;
  describe(`the ${handler.service} handler`, () => {
    let temporary: TemporaryStore;
    before(async () => {
      temporary = await openTemporaryStore(subject.migrations);
    });
    after(() => temporary.remove());

    test(`behind the bus leaves the rows, outbox and offsets of decide one by one, whatever fails (HANDLER_SEED=${firstSeed})`, async () => {
      const reached = new Set<string>();
      for (let seed = firstSeed; seed < firstSeed + histories; seed++) {
        for (const outcome of await runHistory(subject, temporary.store, seed)) reached.add(outcome);
        temporary.takeStatements();
      }
      assert.deepEqual([...reached].toSorted(), [...subject.outcomes].toSorted());
    });

    test("runs the same statements for 1, 50 and 500 messages, since each costs a round trip", async () => {
      for (const way of subject.ways) {
        const one = await statementsOf(subject, temporary, way, 1);
        assert.ok(one.length === way.length && one.every((statements) => statements.length > 0));
        for (const size of [50, 500]) assert.deepEqual(await statementsOf(subject, temporary, way, size), one);
      }
    });

    test("finds every row by a key, so that a large store is as fast as a small one", async () => {
      const statements = new Set<string>();
      for (const way of subject.ways) {
        for (const step of await statementsOf(subject, temporary, way, 3))
          for (const each of step) statements.add(each);
      }
      assert.deepEqual(await scansOf(temporary.store, [...statements]), []);
    });

    test("reads the topics that the contracts give to its group", () => {
      const given = Object.values(topics).filter(({ readers }) => readers.includes(handler.groupId));
      assert.deepEqual([...handler.reads].toSorted(), given.map(({ name }) => name).toSorted());
    });
  });
}

class RollBack extends Error {}

/** Runs `work` in a transaction that is rolled back: every run begins with the same store, and none waits for a disk. */
async function rolledBack(store: Store, work: (tx: Transaction) => Promise<void>): Promise<void> {
  const run = store.write(new AbortController().signal, async (tx) => {
    await work(tx);
    throw new RollBack();
  });
  await run.catch((error: unknown) => {
    if (!(error instanceof RollBack)) throw error;
  });
}

async function runHistory<K extends EventType>(subject: Subject<K>, store: Store, seed: number): Promise<string[]> {
  const random = seeded(seed);
  const { handler } = subject;
  const batches = randomCuts(random, randomMessages(random, handler.reads, 12 + random.below(20)));
  const reference = createReference(subject);
  let outcomes: readonly string[] = [];
  const run = rolledBack(store, async (tx) => {
    await subject.fill(tx);
    const bus = await openBusUnderTest(handler, store, tx, random);
    let nowMs = 10_000;
    for (const batch of batches) {
      nowMs += 1;
      const committed = await bus.process(batch, nowMs);
      assert.deepEqual(logsOf(committed as Received[]), logsOf(batch as Received[]));
      for (const { event, traceparent } of committed) reference.take(event as OrderEvent, traceparent, nowMs);
      const { clock } = subject;
      if (clock === undefined || random.below(4) > 0) continue;
      await bus.write(async () => {
        const passed = await clock(tx, random, nowMs);
        nowMs = passed.nowMs;
        return passed.handled;
      });
      reference.passTo(nowMs);
    }
    ({ outcomes } = bus);
    const kept = { ...(await subject.read(tx)), ...(await readBus(tx, handler)), outcomes };
    assert.deepEqual(kept, { ...reference.result(), offsets: offsetsAfter(batches.flat() as Received[]) });
  });
  await run.catch((cause: unknown) => {
    throw new Error(`HANDLER_SEED=${seed}`, { cause });
  });
  return [...outcomes];
}

/** What the bus keeps beside the service's rows: what it will publish, and how far each partition was read. */
async function readBus(tx: Transaction, { groupId }: Pick<BatchHandler, "groupId">) {
  const rows = await readOutboxAfter(tx, "i", 0, 1_000);
  const moved = (await readOffsets(tx, groupId)).filter(({ next }) => next > 0);
  return {
    outbox: rows.map(({ messageId, topic, key, value, traceparent }) => {
      return { messageId, topic, key: String(key), value: String(value), traceparent };
    }),
    offsets: new Map(
      moved.map(({ topic, partition, next, lastRecordId }) => [`${topic}/${partition}`, [next, lastRecordId]]),
    ),
  };
}

/** Where a group goes on that has read these messages, and what it read last. */
function offsetsAfter(messages: readonly Received[]): Map<string, readonly [next: number, lastRecordId: string]> {
  const lastId = (log: readonly Received[]) => log.map(({ event }) => messageId(event)).at(-1) ?? "";
  return new Map([...logsOf(messages)].map(([where, log]) => [where, [log.length, lastId(log)]]));
}

/** The same history, one message after the other through decide, in memory. */
function createReference<K extends EventType>({ machine, start, handler }: Subject<K>) {
  let state = start;
  const outbox: object[] = [];
  const outcomes: string[] = [];
  /** That an order was created in: its deadline passes there. */
  const traces = new Map<string, string | null>();
  const take = (message: SagaMessage, traceparent: string | null, nowMs: number) => {
    const step = machine(state, message, nowMs);
    state = step.state;
    for (const event of step.outbox) {
      if (event.type === "order.created") traces.set(event.orderId, traceparent);
      const { id: messageId, topic, key, value } = encode(event, handler.service);
      outbox.push({ messageId, topic, key: textOf(key), value: textOf(value), traceparent });
    }
    outcomes.push(step.outcome);
  };
  const inOrder = (rows: Readonly<Record<string, object | null>>) =>
    Object.keys(rows)
      .toSorted()
      .flatMap((key) => rows[key] ?? []);
  return {
    take,
    passTo(nowMs: number) {
      const due = Object.values(state.rows)
        .flatMap((row) => (row !== null && "expiredAtMs" in row ? [row] : []))
        .filter((row) => row.status === "created" && row.expiredAtMs === null && (row.deadlineAtMs ?? nowMs) <= nowMs)
        .toSorted((a, b) => (a.deadlineAtMs ?? 0) - (b.deadlineAtMs ?? 0) || (a.orderId < b.orderId ? -1 : 1));
      for (const { orderId } of due) take({ type: "deadline.passed", orderId }, traces.get(orderId) ?? null, nowMs);
    },
    result: () => ({
      rows: inOrder(state.rows),
      products: inOrder(state.products),
      accounts: inOrder(state.accounts),
      ledger: state.ledger,
      outbox,
      outcomes,
    }),
  };
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** The statements of each batch, as `count` orders go one way together. */
async function statementsOf<K extends EventType>(
  subject: Subject<K>,
  temporary: TemporaryStore,
  way: readonly K[],
  count: number,
): Promise<string[][]> {
  const steps: string[][] = [];
  await rolledBack(temporary.store, async (tx) => {
    await subject.fillSamples(tx, count);
    for (const type of way) {
      temporary.takeStatements();
      await subject.handler.handle(tx, sampleMessages(type, count), 10_000);
      steps.push(temporary.takeStatements());
    }
  });
  return steps;
}

/** What SQLite would read from end to end, apart from the batch itself. */
export async function scansOf(store: Store, statements: readonly string[]): Promise<string[]> {
  const scans: string[] = [];
  for (const statement of statements) {
    await rolledBack(store, async (tx) => {
      const explained = sql.raw(`EXPLAIN QUERY PLAN ${statement.replaceAll("?", "NULL")}`);
      const plan = await tx.all<{ detail: string }>(explained);
      assert.ok(plan.length > 0, statement);
      const ofTables = plan.filter(({ detail }) => /^SCAN (?!json_each|keys|CONSTANT ROW|\(subquery)/.test(detail));
      scans.push(...ofTables.map(({ detail }) => `${detail}: ${statement}`));
    });
  }
  return scans;
}
