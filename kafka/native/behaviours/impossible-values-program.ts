// A process for values.test.ts: what upstream's build does not survive.
import process from "node:process";
import { close, openProducer } from "./clients.ts";

const producer = await openProducer(process.argv[2] ?? "");

class OwnError extends Error {}
const fail = (): string => {
  throw new OwnError();
};

function attempt(name: string, key: unknown, headers?: readonly object[]): void {
  try {
    producer.produce("values", 0, Buffer.from("x"), key, undefined, undefined, headers);
    console.log(`${name}: nothing thrown`);
  } catch (error) {
    console.log(`${name}: ${error instanceof OwnError ? "own error" : (error as Error).name}`);
  }
}

const header = {
  get a() {
    return fail();
  },
};
attempt("header", null, [header]);
attempt("key", { toString: fail });
attempt("symbol", Symbol("key"));
await close(producer);
