// A process for endings.test.ts: has live clients and ends in the way that its first argument names.
import process from "node:process";
import { Worker } from "node:worker_threads";
import { close, newProducer, openConsumer, openProducer, until } from "./clients.ts";

const [, , way = "", servers = "", topic = ""] = process.argv;

/** One client that waits for nothing and one that has a native call under way. */
async function liveClients() {
  const producer = await openProducer(servers);
  const consumer = await openConsumer(servers, `endings-${way}`);
  consumer.assign([{ topic, partition: 0, offset: 0 }]);
  consumer.consume();
  return { producer, consumer };
}

const ways: Record<string, () => Promise<void>> = {
  "exit in a report": async () => {
    const { producer } = await liveClients();
    producer.on("delivery-report", () => process.exit(5));
    for (let i = 0; i < 100; i++) producer.produce(topic, 0, Buffer.from("x"));
  },
  "exit in data": async () => {
    const { producer, consumer } = await liveClients();
    consumer.on("data", () => process.exit(6));
    producer.produce(topic, 0, Buffer.from("x"));
  },
  uncaught: async () => {
    const { producer } = await liveClients();
    producer.on("delivery-report", () => {
      throw new Error("nobody catches this");
    });
    producer.produce(topic, 0, Buffer.from("x"));
  },
  signal: async () => {
    await liveClients();
    console.log("ready");
  },
  "signal with a handler": async () => {
    const { producer, consumer } = await liveClients();
    process.once("SIGTERM", () => {
      producer.disconnect(1_000, () => consumer.disconnect(() => console.log("disconnected")));
    });
    console.log("ready");
  },
  "exit while clients connect": async () => {
    // Many, in a row: each has threads that are on their way into OpenSSL, for random numbers, when the process ends.
    for (let i = 0; i < 150; i++) newProducer(servers).connect({}, () => {});
    setTimeout(() => process.exit(7), 0);
  },
  alive: async () => {
    await openProducer(servers);
    process.on("exit", () => console.log("exit"));
    // It would have ended by itself long before; this timer alone keeps nothing alive.
    setTimeout(() => {
      console.log("still alive");
      process.exit(0);
    }, 300).unref();
  },
  workers: async () => {
    for (const ending of ["terminated", "exit", "throw", "return"]) {
      const worker = new Worker(new URL("endings-worker.mjs", import.meta.url), {
        workerData: { servers, topic, ending },
      });
      const ended = new Promise((resolve) => worker.once("exit", resolve));
      let failure: Error | undefined;
      worker.on("error", (error) => (failure = error as Error));
      await Promise.race([ended, new Promise((resolve) => worker.once("message", resolve))]);
      // Of upstream's build: an addon that is loaded once more must be written for it.
      if (failure?.message.startsWith("Module did not self-register"))
        return console.log("Module did not self-register");
      if (ending === "terminated") await worker.terminate();
      await ended;
    }
    // The process's own clients are not touched by that.
    const producer = await openProducer(servers);
    let reports = 0;
    producer.on("delivery-report", () => reports++);
    producer.produce(topic, 0, Buffer.from("x"));
    await until(() => reports === 1);
    await close(producer);
    console.log("workers ended");
  },
};

await ways[way]?.();
