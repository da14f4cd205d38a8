import type { Database, StoreAddress, Transaction } from "./connection.ts";
import { sql } from "drizzle-orm";
import { migrate, type Migration } from "./migrate.ts";
import { createReader } from "./reader.ts";
import { createWriter } from "./writer.ts";

/** What one service keeps. Everything that touches the store in this process goes through it. */
export interface Store {
  /** Made by the first migration: two stores never share it, copies of one do. */
  readonly id: string;
  /**
   * Runs `work` in a write transaction (BEGIN IMMEDIATE) and gives what it returns once that is durable. Writes of this
   * process go one after another, in the order of the calls.
   *
   * `work` runs again from its beginning when another process held the lock, so it must only touch what it is given; it
   * should take no longer than some 20 ms, and must not call `write`. What it throws rolls back and is thrown on. Failures
   * of the store are thrown as StoreError. The signal ends the waiting, not a transaction under way.
   */
  write<T>(signal: AbortSignal, work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Statements that each see what is committed when they run. `work` may run again, and cannot write. */
  read<T>(signal: AbortSignal, work: (database: Database) => Promise<T>): Promise<T>;
  /** Statements that all see one moment. Keeps the write-ahead log from shrinking while it lasts. Cannot write. */
  snapshot<T>(signal: AbortSignal, work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Ends after the writes that were asked for before. */
  close(): Promise<void>;
}

export interface StoreOptions extends StoreAddress {
  readonly migrations: readonly Migration[];
}

/**
 * Opens a store and brings its schema up to date, waiting for others that write, or until the signal aborts. Throws a
 * StoreError when the store cannot be opened, is held by another for longer than `write` waits, is newer than this program,
 * or belongs to another.
 */
export async function openStore({ migrations, ...address }: StoreOptions, signal: AbortSignal): Promise<Store> {
  const writer = createWriter(address);
  try {
    const id = await writer.write(signal, async (tx) => {
      await migrate(tx, migrations, Date.now());
      return storeId(tx);
    });
    const reader = createReader(address);
    return {
      id,
      write: (at, work) => writer.write(at, work),
      read: (at, work) => reader.read(at, work),
      snapshot: (at, work) => reader.snapshot(at, work),
      async close() {
        reader.close();
        await writer.close();
      },
    };
  } catch (error) {
    await writer.close();
    throw error;
  }
}

async function storeId(tx: Transaction): Promise<string> {
  const row = await tx.get<{ id: string }>(sql`SELECT id FROM store`);
  return row.id;
}
