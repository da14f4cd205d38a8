import { sql } from "drizzle-orm";
import { openStore } from "./open-store.ts";
import { sharedTables } from "./shared/migrations.ts";

/**
 * A process of the tests that writes back to back, the worst there is to share a file with: rows with its name, until the
 * store holds `total`. Ends with its parent, whose pipe it reads.
 */
const [url, name, total] = process.argv.slice(2);
if (url === undefined || name === undefined || total === undefined) throw new Error("usage: URL NAME TOTAL");
process.stdin.on("end", () => process.exit(1)).resume();

const { signal } = new AbortController();
const table = { name: "turns", statements: ["CREATE TABLE turns (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT"] };
const store = await openStore({ url, migrations: [sharedTables, table] }, signal);
const isFull = () =>
  store.write(signal, async (tx) => {
    const { names } = await tx.get<{ names: number }>(sql`SELECT count(DISTINCT name) AS names FROM turns`);
    await tx.run(sql`INSERT INTO turns (name) VALUES (${name})`);
    // They do not start at one moment: turns count from when both are there.
    if (names < 2) await tx.run(sql`DELETE FROM turns WHERE name = ${name} AND id < (SELECT max(id) FROM turns)`);
    const until = performance.now() + 3;
    while (performance.now() < until);
    const { n } = await tx.get<{ n: number }>(sql`SELECT count(*) AS n FROM turns`);
    return n >= Number(total);
  });
// A turn of the event loop, which libSQL's calls on a file never need: else the end of the pipe would not be seen.
while (!(await isFull())) await new Promise((resolve) => setImmediate(resolve));
await store.close();
process.exit(0);
