import {
  connect,
  filePath,
  type Connection,
  type Database,
  type StoreAddress,
  type Transaction,
} from "./connection.ts";
import { StoreError, storeError } from "./errors.ts";
import { createHandOver } from "./hand-over.ts";

export interface Reader {
  read<T>(signal: AbortSignal, work: (database: Database) => Promise<T>): Promise<T>;
  snapshot<T>(signal: AbortSignal, work: (tx: Transaction) => Promise<T>): Promise<T>;
  close(): void;
}

/** Reads of many callers on one connection that cannot write, and snapshots on connections of their own. */
export function createReader(address: StoreAddress): Reader {
  const handOver = createHandOver(filePath(address.url));
  const shared = createShared(() => connect(address, "reader"));
  let closed = false;

  async function retried<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    for (;;) {
      signal.throwIfAborted();
      if (closed) throw new StoreError("the store is closed", "defect", "CLOSED");
      try {
        return await call();
      } catch (error) {
        const failure = storeError(error);
        // With WAL a reader waits for nobody, except while another process recovers the file or closes it last.
        if (!(failure instanceof StoreError) || failure.kind !== "busy") throw failure;
        await handOver.pause(signal);
      }
    }
  }

  return {
    read: (signal, work) => retried(signal, () => shared.use((connection) => work(connection.database))),
    snapshot: (signal, work) =>
      retried(signal, async () => {
        // A transaction would hold up every other read of the shared connection.
        const connection = await connect(address, "reader");
        try {
          return await connection.transaction("read", work);
        } finally {
          connection.close();
        }
      }),
    close() {
      closed = true;
      shared.drop();
    },
  };
}

interface Lease {
  readonly connection: Promise<Connection>;
  users: number;
  dropped: boolean;
}

/** One connection for many; after a failure the next user gets a new one, and the old closes after its last. */
function createShared(open: () => Promise<Connection>) {
  let current: Lease | undefined;

  function closeUnused(lease: Lease): void {
    if (lease.dropped && lease.users === 0) {
      void lease.connection.then(
        (connection) => connection.close(),
        // It never opened; who asked for it was told.
        () => undefined,
      );
    }
  }

  function drop(lease = current): void {
    if (lease === undefined) return;
    lease.dropped = true;
    if (current === lease) current = undefined;
    closeUnused(lease);
  }

  return {
    drop: () => drop(),
    async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
      const lease = (current ??= { connection: open(), users: 0, dropped: false });
      lease.users += 1;
      try {
        return await work(await lease.connection);
      } catch (error) {
        // A statement that failed stays open inside libSQL and pins its snapshot. To open anew is 0.5 ms.
        if (storeError(error) instanceof StoreError) drop(lease);
        throw error;
      } finally {
        lease.users -= 1;
        closeUnused(lease);
      }
    },
  };
}
