import assert from "node:assert/strict";
import type { LogEntry } from "#bus/log.ts";
import { outboxMessage } from "#bus/relay/outbox-messages.ts";
import type { Bus } from "#bus/start-bus.ts";
import { problem, type Problem } from "#contracts/http.ts";
import type { Service } from "#contracts/topics.ts";
import { startInstance } from "#db/instances.ts";
import type { Migration } from "#db/migrate.ts";
import type { Transaction } from "#db/connection.ts";
import type { Store } from "#db/open-store.ts";
import { insertOutbox, type OutboxMessage, takeFromOutbox } from "#db/outbox.ts";
import { openTemporaryStore } from "#db/temporary-store.ts";
import type { ProblemKind } from "../http/problem.ts";

/** A store of a service, and the bus to it as far as it needs no broker. */
export interface ServiceUnderTest {
  readonly store: Store;
  readonly bus: Pick<Bus, "write" | "publishAgain">;
  readonly write: Bus["write"];
  readonly log: (entry: LogEntry) => void;
  readonly logged: LogEntry[];
  /** Awaited before the COMMIT of every write; what it throws fails the write there. */
  beforeCommit: () => void | Promise<void>;
  /** Messages that the relay was handed since the last call. */
  takeHanded(): OutboxMessage[];
  takeStatements(): string[];
  remove(): Promise<void>;
}

export async function openServiceUnderTest(name: Service, migrations: readonly Migration[]): Promise<ServiceUnderTest> {
  const temporary = await openTemporaryStore(migrations);
  const { store } = temporary;
  const instanceId = "i";
  await store.write(new AbortController().signal, (tx) => startInstance(tx, instanceId, 1));
  temporary.takeStatements();
  const handed: OutboxMessage[] = [];
  const logged: LogEntry[] = [];
  const writeMessages = async <T>(
    signal: AbortSignal,
    work: (tx: Transaction, nowMs: number) => Promise<{ result: T; outbox: readonly OutboxMessage[] }>,
  ): Promise<T> => {
    const { result, outbox } = await store.write(signal, async (tx) => {
      const nowMs = Date.now();
      const written = await work(tx, nowMs);
      if (written.outbox.length > 0) await insertOutbox(tx, instanceId, written.outbox, nowMs);
      await service.beforeCommit();
      return written;
    });
    handed.push(...outbox);
    return result;
  };
  const write: Bus["write"] = (signal, work) =>
    writeMessages(signal, async (tx, nowMs) => {
      const { result, outbox } = await work(tx, nowMs);
      return { result, outbox: outbox.map((outgoing) => outboxMessage(outgoing, name)) };
    });
  const publishAgain: Bus["publishAgain"] = (signal, work) =>
    writeMessages(signal, async (tx, nowMs) => {
      const { result, messageIds } = await work(tx, nowMs);
      return { result, outbox: await takeFromOutbox(tx, messageIds) };
    });
  const service: ServiceUnderTest = {
    store,
    bus: { write, publishAgain },
    write,
    log: (entry) => void logged.push(entry),
    logged,
    beforeCommit: () => undefined,
    takeHanded: () => handed.splice(0),
    takeStatements: () => temporary.takeStatements(),
    remove: () => temporary.remove(),
  };
  return service;
}

/** Asserts that a request ended with this problem, and gives the document. */
export async function problemOf(response: Response, status: number, kind: ProblemKind): Promise<Problem> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const document = problem.parse(JSON.parse(text));
  assert.deepEqual([document.status, document.type], [status, `urn:orderwright:problem:${kind}`]);
  return document;
}
