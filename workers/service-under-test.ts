import assert from "node:assert/strict";
import type { LogEntry } from "#bus/log.ts";
import { outboxMessage } from "#bus/outbox-messages.ts";
import type { Bus } from "#bus/start-bus.ts";
import { problem, type Problem } from "#contracts/http.ts";
import type { Service } from "#contracts/topics.ts";
import { startInstance } from "#db/instances.ts";
import type { Migration } from "#db/migrate.ts";
import type { Store } from "#db/open-store.ts";
import { insertOutbox, type OutboxMessage } from "#db/outbox.ts";
import { openTemporaryStore } from "#db/temporary-store.ts";
import type { ProblemKind } from "./http/problem.ts";

/** A store of a service, and the bus to it as far as it needs no broker. */
export interface ServiceUnderTest {
  readonly store: Store;
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
  const service: ServiceUnderTest = {
    store,
    async write(signal, work) {
      const { result, outbox } = await store.write(signal, async (tx) => {
        const nowMs = Date.now();
        const written = await work(tx, nowMs);
        const messages = written.outbox.map((outgoing) => outboxMessage(outgoing, name));
        if (messages.length > 0) await insertOutbox(tx, instanceId, messages, nowMs);
        await service.beforeCommit();
        return { result: written.result, outbox: messages };
      });
      handed.push(...outbox);
      return result;
    },
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
