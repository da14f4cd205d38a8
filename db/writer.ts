import { connect, filePath, type Connection, type StoreAddress, type Transaction } from "./connection.ts";
import { StoreError, storeError } from "./errors.ts";
import { createHandOver, type HandOver } from "./hand-over.ts";
import { createLock } from "./lock.ts";

export interface Writer {
  write<T>(signal: AbortSignal, work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Waits for the transactions that are under way or queued, then closes. */
  close(): Promise<void>;
}

/** The one connection of this process that writes. */
export function createWriter(address: StoreAddress): Writer {
  // libSQL refuses a second transaction on a connection with TRANSACTION_ACTIVE, it does not queue it.
  const lock = createLock();
  const handOver = createHandOver(filePath(address.url));
  let connection: Connection | undefined;
  let closed = false;

  function discard(): void {
    connection?.close();
    connection = undefined;
  }

  async function attempt<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    let committing = false;
    try {
      connection ??= await connect(address, "writer");
      return await connection.transaction("write", work, () => (committing = true));
    } catch (error) {
      const failure = storeError(error);
      // A refusal leaves the connection as it was; what another failure leaves inside libSQL is not known.
      const refused = failure instanceof StoreError && (failure.kind === "constraint" || failure.kind === "busy");
      if (failure instanceof StoreError && (committing || !refused)) discard();
      throw committing ? commitError(failure) : failure;
    }
  }

  return {
    async write(signal, work) {
      const release = await lock(signal);
      try {
        if (closed) throw new StoreError("the store is closed", "defect", "CLOSED");
        return await untilNotBusy(signal, handOver, () => attempt(work));
      } finally {
        release();
      }
    },
    async close() {
      const release = await lock(new AbortController().signal);
      closed = true;
      discard();
      release();
    },
  };
}

/** A hundred times the longest transaction that a healthy process holds the lock for. */
const BUSY_AT_MOST_MS = 2_000;

/**
 * Runs `call` again while another connection is in the way; the signal ends the waiting, never a transaction. Not for ever:
 * the other may be a process that was stopped inside its transaction, and whoever waits has to say so and do its other duties.
 */
async function untilNotBusy<T>(signal: AbortSignal, handOver: HandOver, call: () => Promise<T>): Promise<T> {
  await handOver.giveWay(signal);
  const startedAtMs = performance.now();
  for (let waited = false; ; waited = true) {
    signal.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== "busy") throw error;
      if (performance.now() - startedAtMs > BUSY_AT_MOST_MS) throw error;
      await handOver.waitTurn(signal);
    } finally {
      if (waited) handOver.done();
    }
  }
}

/** SQLite rolls back what it refuses by rule or for a lock. After all else, a lost answer say, it may be written. */
function commitError(failure: unknown): unknown {
  if (!(failure instanceof StoreError)) {
    return new StoreError("COMMIT failed, its outcome is unknown", "commit-unknown", "CLIENT", failure);
  }
  const { message, kind, code } = failure;
  // It has the code of a lock, but comes from the transaction itself, and would come again for ever.
  if (message.includes("SQL statements in progress")) {
    return new StoreError(`a statement of the transaction was left open: ${message}`, "defect", code, failure);
  }
  if (kind === "busy" || kind === "constraint") return failure;
  return new StoreError(`COMMIT failed, its outcome is unknown: ${message}`, "commit-unknown", code, failure);
}
