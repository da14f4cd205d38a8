import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StoreError } from "#db/errors.ts";
import { KafkaError } from "#kafka/errors.ts";
import { SettingsError } from "#kafka/settings.ts";
import { createBackOff } from "./back-off.ts";
import { decodeCommitMetadata, encodeCommitMetadata } from "./consume/commit-metadata.ts";
import { classify, HandlerTypeError } from "./batch/error-policy.ts";
import { ConsumeRefusedError } from "./consume/offset-judge.ts";
import { busSettings, busSettingsTable } from "./settings.ts";
import { createWakeUp } from "./wake-up.ts";

const store = (kind: StoreError["kind"]) => new StoreError("x", kind, "X");
const network = new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "ECONNREFUSED" }) });

describe("a failure is", () => {
  const cases: [name: string, error: unknown, is: string][] = [
    ["a busy store", store("busy"), "transient"],
    ["a full disk or a store out of reach", store("transient"), "transient"],
    ["a lost answer to COMMIT", store("commit-unknown"), "commit-unknown"],
    ["a broken rule of the schema", store("constraint"), "constraint"],
    ["SQL that does not parse", store("defect"), "unknown"],
    ["a network failure below a store's defect", new StoreError("x", "defect", "CLIENT", network), "transient"],
    ["a fetch that found nobody, though a TypeError", network, "transient"],
    ["a broker that does not answer", new KafkaError("retriable", "ERR__TRANSPORT", "x"), "transient"],
    [
      "a broker that refuses us, for somebody may change that",
      new KafkaError("fatal", "ERR__AUTHENTICATION", "x"),
      "transient",
    ],
    ["the machine's", Object.assign(new Error("x"), { code: "ENOSPC" }), "transient"],
    ["a TypeError of the handler", new HandlerTypeError(new TypeError("x")), "poison"],
    ["a TypeError of nobody knows whom", new TypeError("x"), "unknown"],
    ["no error at all", "x", "unknown"],
    ["a disaster", new ConsumeRefusedError("topic-new", "stock", "g", []), "refused"],
  ];
  for (const [name, error, is] of cases) test(`${is}: ${name}`, () => assert.equal(classify(error), is));
});

describe("waits between tries", () => {
  test("double up to the cap, each shortened at random by up to half, and begin anew", () => {
    const longest = createBackOff(100, 1_000, () => 0);
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6].map(() => longest.nextMs()),
      [100, 200, 400, 800, 1_000, 1_000],
    );
    longest.reset();
    assert.equal(longest.nextMs(), 100);
    assert.equal(createBackOff(100, 1_000, () => 1).nextMs(), 50);
  });
});

describe("a commit's metadata", () => {
  test("comes back as it went", () => {
    const metadata = { storeId: "a1", incarnation: "persistent" };
    assert.deepEqual(decodeCommitMetadata(encodeCommitMetadata(metadata)), metadata);
  });
  test("of somebody else is not ours", () => {
    for (const text of [undefined, null, "", "x", "store=a"]) assert.equal(decodeCommitMetadata(text), undefined);
  });
});

describe("the environment", () => {
  test("gives settings, and defaults where it says nothing", () => {
    const settings = busSettings({ KAFKA_MAX_POLL_RECORDS: "50", KAFKA_LINGER_MS: "0.2", KAFKA_ACKS: "ALL" });
    assert.deepEqual([settings.maxPollRecords, settings.lingerMs, settings.relayWaitMs], [50, 0.2, 3]);
  });
  test("is refused with all that is wrong at once", () => {
    const environment = {
      KAFKA_MAX_POLL_RECORDS: "many",
      BACKOFF_MAX_MS: "1",
      KAFKA_ACKS: "1",
      KAFKA_GROUP_ID: "mine",
    };
    assert.throws(
      () => busSettings(environment),
      (error: unknown) => {
        assert(error instanceof SettingsError);
        assert.deepEqual(
          error.problems.map((problem) => problem.split(" ")[0]),
          Object.keys(environment),
        );
        return true;
      },
    );
  });
  test("has a reason for each default, within its bounds", () => {
    for (const { fallback, min, max, reason } of Object.values(busSettingsTable)) {
      assert(fallback >= min && fallback <= max && reason.length > 20);
    }
  });
});

describe("news for a loop", () => {
  test("that came while it worked ends the next wait at once, and only that", async () => {
    const wakeUp = createWakeUp();
    wakeUp.notify();
    await wakeUp.wait(60_000);
    const wait = wakeUp.wait(60_000);
    wakeUp.notify();
    await wait;
  });
});
