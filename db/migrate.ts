import { createHash } from "node:crypto";
import { sql } from "drizzle-orm";
import type { Transaction } from "./connection.ts";
import { StoreError } from "./errors.ts";

/**
 * One step of a schema: statements that run once, in one transaction. Never change one that a store may have applied; add
 * another. `released.json` holds those that were released to what they were.
 *
 * They are TypeScript and not a folder of .sql files, so that a compiled binary carries them on every runtime; and written
 * by hand, since drizzle's generator knows neither STRICT nor WITHOUT ROWID. A test holds each schema.ts to them.
 */
export interface Migration {
  readonly name: string;
  readonly statements: readonly string[];
}

/**
 * Brings a store to the newest schema that the program knows. Must run in a write transaction: its lock is what lets two
 * processes start at once. Throws a StoreError when the store is newer than the program or was built from other
 * statements; then nothing is changed.
 */
export async function migrate(tx: Transaction, migrations: readonly Migration[], nowMs: number): Promise<void> {
  await tx.run(sql`
    CREATE TABLE IF NOT EXISTS migrations (
      version INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      hash TEXT NOT NULL,
      applied_at_ms INTEGER NOT NULL
    ) STRICT`);
  const applied = await tx.all<{ version: number; name: string; hash: string }>(
    sql`SELECT version, name, hash FROM migrations ORDER BY version`,
  );
  checkApplied(applied, migrations);
  for (const [index, migration] of migrations.entries()) {
    if (index < applied.length) continue;
    for (const statement of migration.statements) await tx.run(sql.raw(statement));
    await tx.run(sql`
      INSERT INTO migrations (version, name, hash, applied_at_ms)
      VALUES (${index + 1}, ${migration.name}, ${migrationHash(migration)}, ${nowMs})`);
  }
}

function checkApplied(
  applied: readonly { version: number; name: string; hash: string }[],
  migrations: readonly Migration[],
): void {
  for (const { version, name, hash } of applied) {
    const known = migrations[version - 1];
    if (known === undefined) {
      const message =
        `the store is newer than this program: it has migration ${version} "${name}", ` +
        `this program knows ${migrations.length}. Start the newer program, or restore a copy from before it`;
      throw new StoreError(message, "defect", "STORE_NEWER");
    }
    if (known.name === name && migrationHash(known) === hash) continue;
    const message =
      `migration ${version} of the store is "${name}" with hash ${hash.slice(0, 12)}, ` +
      `this program's is "${known.name}" with hash ${migrationHash(known).slice(0, 12)}: the store belongs to another service or program`;
    throw new StoreError(message, "defect", "STORE_OTHER");
  }
}

/** What a store keeps of a migration, to tell whether the program's is the one that it was built from. */
export const migrationHash = ({ statements }: Migration): string =>
  createHash("sha256").update(JSON.stringify(statements)).digest("hex");
