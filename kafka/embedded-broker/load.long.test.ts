import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { describe, test } from "node:test";
import { startEmbeddedBroker } from "./start.ts";
import { closeProducer, faults, numbered, openProducer, openReader, send, until } from "./test-clients.ts";

const LIMIT = { timeout: 300_000 };
const PARTITIONS = 12;
const EACH = 41_667; // 500,004 messages
const QUARTERS = 4;
const PADDING = ` ${"x".repeat(350)}`;
/** Of Linux' /proc: USER_HZ has been 100 everywhere for decades. */
const MS_PER_TICK = 10;

describe("500,000 messages over 12 partitions, one of two readers stopped half-way", () => {
  test("arrive whole at both, and the broker drops what both have read", LIMIT, async () => {
    const topic = { name: "orders", partitions: PARTITIONS, readers: ["fast", "slow"] };
    const broker = await startEmbeddedBroker({ topics: [topic] });
    const producer = await openProducer(broker.bootstrapServers);
    const fast = await openReader(broker.bootstrapServers, "fast", [topic.name]);
    const slow = await openReader(broker.bootstrapServers, "slow", [topic.name]);
    let sent = 0;
    for (let quarter = 1; quarter <= QUARTERS; quarter++) {
      const cpuMs = cpuTimeMs(broker.pid);
      const each = Math.floor((EACH * quarter) / QUARTERS) - sent;
      await send(producer, numbered(topic.name, PARTITIONS, each, sent, PADDING));
      sent += each;
      await until(() => fast.seen.length >= sent * PARTITIONS);
      if (quarter < QUARTERS / 2) await until(() => slow.seen.length >= sent * PARTITIONS);
      if (quarter === QUARTERS / 2) await slow.close();
      report(`quarter ${quarter}`, broker.pid, cpuTimeMs(broker.pid) - cpuMs, each * PARTITIONS);
    }
    const cpuMs = cpuTimeMs(broker.pid);
    const again = await openReader(broker.bootstrapServers, "slow", [topic.name]);
    await until(() => slow.seen.length + again.seen.length >= EACH * PARTITIONS);
    report("the stopped reader's rest", broker.pid, cpuTimeMs(broker.pid) - cpuMs, again.seen.length);
    assert.ok(slow.seen.length < EACH * PARTITIONS, "one reader did stop before the end");
    assert.deepEqual(faults(fast.seen, PARTITIONS, EACH), []);
    assert.deepEqual(faults([...slow.seen, ...again.seen], PARTITIONS, EACH), []);
    await Promise.all([fast.close(), again.close()]);
    await closeProducer(producer);
    await broker.stop();
  });
});

function cpuTimeMs(pid: number): number {
  if (!existsSync(`/proc/${pid}/stat`)) return Number.NaN;
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** Printed, not asserted: a measure on a machine that others use proves nothing. */
function report(what: string, pid: number, cpuMs: number, messages: number): void {
  const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, "utf8") : "";
  const memoryMiB = Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
  process.stdout.write(
    `${what}: ${((cpuMs * 1000) / messages).toFixed(2)} us of the broker's CPU a message, it holds ${memoryMiB} MiB\n`,
  );
}
