import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, test } from "node:test";
import { temporaryFolder } from "#db/temporary-store.ts";
import { StartError } from "./start-error.ts";
import { runWorkerProcess, type WorkerProcess } from "./worker.ts";

let folder: ReturnType<typeof temporaryFolder>;
let worker: WorkerProcess | undefined;
const said: string[] = [];
beforeEach(() => {
  folder = temporaryFolder();
  said.length = 0;
});
afterEach(async () => {
  await worker?.stop();
  folder.remove();
});

describe("a worker whose settings are wrong", () => {
  test("is not started again and again: why it cannot start is said, all of it", async () => {
    worker = runWorkerProcess({
      service: "stock",
      environment: { ...process.env, KAFKA_BROKERS: "nowhere", HTTP_PORT: "many" },
      url: "http://127.0.0.1:1",
      logFile: join(folder.path, "stock.log"),
      say: (text) => void said.push(text),
    });
    await assert.rejects(worker.ready, (error) => {
      assert.ok(error instanceof StartError);
      assert.match(error.message, /stock cannot start/);
      assert.match(error.message, /KAFKA_BROKERS: "nowhere" is not host:port/);
      assert.match(error.message, /HTTP_PORT is "many"/);
      return true;
    });
    assert.deepEqual(said, []);
  });
});
