import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { describe, test } from "node:test";
import { migrations as intake } from "./intake/migrations.ts";
import { type Migration, migrationHash } from "./migrate.ts";
import { migrations as order } from "./order/migrations.ts";
import { migrations as payment } from "./payment/migrations.ts";
import { migrations as stock } from "./stock/migrations.ts";

/** The migrations that stores may have been built from, a service each. New ones are recorded with MIGRATIONS_WRITE=1. */
const file = new URL("released.json", import.meta.url);

interface Released {
  readonly name: string;
  readonly hash: string;
}

const today = { intake, stock, order, payment };
const recordOf = (migrations: readonly Migration[]): Released[] =>
  migrations.map((migration) => ({ name: migration.name, hash: migrationHash(migration) }));
const released = JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<keyof typeof today, readonly Released[]>>;

/** What is no longer what stores were built from; empty: all is. */
function changes(migrations: readonly Migration[], before: readonly Released[]): string[] {
  const now = recordOf(migrations);
  return before.flatMap(({ name, hash }, index) => {
    const found = now[index];
    if (found?.name === name && found.hash === hash) return [];
    const what = found === undefined ? "is gone" : found.name === name ? "was changed" : `is now "${found.name}"`;
    return `migration ${index + 1} "${name}" ${what}: stores were built from it. Put it back, and add a new one at the end`;
  });
}

for (const [service, migrations] of Object.entries(today)) {
  const before = released[service as keyof typeof today];
  describe(`the released migrations of ${service}`, () => {
    test("are what they were, as every store that has them refuses others", () => {
      assert.deepEqual(changes(migrations, before), []);
    });

    test("are all of them: MIGRATIONS_WRITE=1 records a new one, which is not to be changed from then on", () => {
      if (process.env["MIGRATIONS_WRITE"] === "1" && changes(migrations, before).length === 0) return;
      assert.deepEqual(recordOf(migrations).slice(before.length), []);
    });
  });
}

if (process.env["MIGRATIONS_WRITE"] === "1") {
  test("migrations are recorded", () => {
    const entries = Object.entries(today).map(([service, migrations]) => {
      const before = released[service as keyof typeof today];
      return [service, changes(migrations, before).length === 0 ? recordOf(migrations) : before];
    });
    writeFileSync(file, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
  });
}

describe("a list of migrations", () => {
  const first: Migration = { name: "first", statements: ["CREATE TABLE a (id TEXT) STRICT"] };
  const second: Migration = { name: "second", statements: ["CREATE TABLE b (id TEXT) STRICT"] };
  const before = recordOf([first, second]);

  test("may grow at its end", () => {
    assert.deepEqual(changes([first, second, { name: "third", statements: [] }], before), []);
  });

  const changed = { ...second, statements: [...second.statements, "CREATE INDEX b_id ON b (id)"] };
  const faults: Record<string, [readonly Migration[], RegExp]> = {
    "whose last was changed": [[first, changed], /^migration 2 "second" was changed: .*add a new one at the end$/],
    "whose last was taken out": [[first], /^migration 2 "second" is gone/],
    "that began with another": [[second, first], /^migration 1 "first" is now "second"/],
  };
  for (const [name, [migrations, said]] of Object.entries(faults)) {
    test(`${name} is refused with what to do`, () => {
      assert.match(changes(migrations, before)[0] ?? "", said);
    });
  }
});
