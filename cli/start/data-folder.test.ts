import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { temporaryFolder } from "#db/temporary-store.ts";
import { claimDataFolder, rememberBroker } from "./data-folder.ts";

let temporary: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  temporary = temporaryFolder();
});
afterEach(() => temporary.remove());

describe("a data folder", () => {
  test("is made with all above it, and given back", async () => {
    const path = join(temporary.path, "a/b");
    const folder = await claimDataFolder(path);
    await assert.rejects(claimDataFolder(path), /is in use by process \d+/);
    folder.release();
    (await claimDataFolder(path)).release();
  });

  test("that is no folder is refused with the reason", async () => {
    const path = join(temporary.path, "file");
    writeFileSync(path, "");
    await assert.rejects(claimDataFolder(path), /the data folder .*file cannot be used: .*Choose another with --data/);
  });

  test("takes a temporary Kafka once: the topics of the next begin anew, which its stores would refuse", async () => {
    const folder = await claimDataFolder(temporary.path);
    rememberBroker(folder, "kafka");
    assert.throws(() => rememberBroker(folder, "kafka"), /choose a new folder with --data, or --broker embedded/);
    rememberBroker(folder, "embedded");
    rememberBroker(folder, "kafka");
    folder.release();
  });
});
