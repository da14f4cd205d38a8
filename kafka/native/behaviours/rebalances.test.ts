// How a group's partitions come and go, as upstream's rebalance callbacks tell it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../embedded-broker/start.ts";
import { type ClientError, close, CODES, type Consumer, done, newConsumer, type Place, until } from "./clients.ts";

const TOPIC = "rebalances";
const ASSIGN = CODES["ERR__ASSIGN_PARTITIONS"];
const REVOKE = CODES["ERR__REVOKE_PARTITIONS"];
const EAGER = { "partition.assignment.strategy": "range" };
const COOPERATIVE = { "partition.assignment.strategy": "cooperative-sticky" };

let broker: EmbeddedBroker;
before(async () => {
  broker = await startEmbeddedBroker({ topics: [{ name: TOPIC, partitions: 4, readers: [] }] });
});
after(() => broker.stop());

interface Member {
  readonly consumer: Consumer;
  /** What its callback was told: code and partitions, sorted. */
  readonly told: readonly { readonly code: number; readonly partitions: readonly number[] }[];
  leave(): Promise<void>;
}

/** A member that consumes until it leaves, and takes and gives partitions back in its own callback. */
async function join(group: string, properties: object): Promise<Member> {
  const told: { code: number; partitions: number[] }[] = [];
  const consumer = newConsumer(broker.bootstrapServers, group, {
    ...properties,
    rebalance_cb: ({ code }: ClientError, places: Place[]) => {
      told.push({ code, partitions: places.map(({ partition }) => partition).toSorted(ascending) });
      const isCooperative = consumer.rebalanceProtocol() === "COOPERATIVE";
      try {
        if (code !== ASSIGN) takeBack(consumer, isCooperative, places);
        else if (isCooperative) consumer.incrementalAssign(places);
        else consumer.assign(places);
      } catch (error) {
        // A member that is closing meanwhile is in no state for it any more. Such an error has no code.
        if ((error as Error).message !== "Local: Erroneous state") throw error;
      }
    },
  });
  await done((callback) => consumer.connect({}, callback));
  consumer.subscribe([TOPIC]);
  consumer.consume();
  return { consumer, told, leave: () => close(consumer) };
}

function takeBack(consumer: Consumer, isCooperative: boolean, places: Place[]): void {
  if (isCooperative) consumer.incrementalUnassign(places);
  else consumer.unassign();
}

const ascending = (a: number, b: number) => a - b;
const held = ({ consumer }: Member) => (consumer.isConnected() ? consumer.assignments().length : 0);

describe("members of a group", () => {
  test("are told ASSIGN with all partitions, and REVOKE when they close", async () => {
    const member = await join("one", EAGER);
    await until(() => held(member) === 4);
    await member.leave();
    assert.deepEqual(member.told, [
      { code: ASSIGN, partitions: [0, 1, 2, 3] },
      { code: REVOKE, partitions: [0, 1, 2, 3] },
    ]);
  });

  test("give all back and get half when a second one comes, eagerly", async () => {
    const first = await join("eager", EAGER);
    await until(() => held(first) === 4);
    const second = await join("eager", EAGER);
    await until(() => held(first) === 2 && held(second) === 2);
    assert.deepEqual(
      first.told.map(({ code, partitions }) => [code, partitions.length]),
      [
        [ASSIGN, 4],
        [REVOKE, 4],
        [ASSIGN, 2],
      ],
    );
    await first.leave();
    await until(() => held(second) === 4);
    await second.leave();
  });

  test("give back only what goes, cooperatively", async () => {
    const first = await join("cooperative", COOPERATIVE);
    await until(() => held(first) === 4);
    const second = await join("cooperative", COOPERATIVE);
    await until(() => held(first) === 2 && held(second) === 2);
    const moved = first.told.filter(({ code }) => code === REVOKE).flatMap(({ partitions }) => partitions);
    assert.equal(moved.length, 2);
    assert.deepEqual(
      second.told.flatMap(({ partitions }) => partitions).toSorted(ascending),
      moved.toSorted(ascending),
    );
    await first.leave();
    await second.leave();
  });

  test("need no callback: with none, or with true and an event, partitions are taken for them", async () => {
    const quiet = newConsumer(broker.bootstrapServers, "quiet", EAGER);
    const told: number[] = [];
    const loud = newConsumer(broker.bootstrapServers, "loud", { ...EAGER, rebalance_cb: true });
    loud.on("rebalance", ({ code }: ClientError) => told.push(code));
    for (const consumer of [quiet, loud]) {
      await done((callback) => consumer.connect({}, callback));
      consumer.subscribe([TOPIC]);
      consumer.consume();
      await until(() => consumer.assignments().length === 4);
      await close(consumer);
    }
    assert.deepEqual(told, [ASSIGN, REVOKE]);
  });

  test("get nothing while a callback does not assign", async () => {
    let calls = 0;
    const consumer = newConsumer(broker.bootstrapServers, "idle", {
      ...EAGER,
      rebalance_cb: ({ code }: ClientError) => {
        calls++;
        if (code === REVOKE && consumer.isConnected()) consumer.unassign();
      },
    });
    await done((callback) => consumer.connect({}, callback));
    consumer.subscribe([TOPIC]);
    consumer.consume();
    await until(() => calls === 1);
    assert.deepEqual(consumer.assignments(), []);
    consumer.assign([]); // else closing would wait for an answer
    await close(consumer);
  });
});
