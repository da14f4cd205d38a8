import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { days } from "#data/days.ts";
import { UsageError } from "../usage-error.ts";
import { parseStartOptions } from "./options.ts";

const parse = (line: string, environment = {}) => parseStartOptions(line.split(" ").filter(Boolean), environment);
const [first = "", second = ""] = days;

describe("a command line", () => {
  test("without options starts the embedded broker and the next day, and stays up", () => {
    const { dataFolder, ...options } = parse("");
    assert.deepEqual(options, {
      files: undefined,
      ratePerSecond: undefined,
      broker: { kind: "embedded", port: 9092 },
      httpPort: 8080,
      exits: false,
    });
    assert.equal(dataFolder, join(import.meta.dirname, "../../.orderwright"));
  });

  test("names several files after --orders, as a shell makes them of a pattern", () => {
    assert.deepEqual(parse(`--orders ${first} ${second} --exit`).files, [first, second]);
  });

  test("chooses a broker before the environment does", () => {
    const environment = { KAFKA_BROKERS: "one:9092" };
    assert.deepEqual(parse("", environment).broker, { kind: "given", brokers: "one:9092" });
    assert.deepEqual(parse("--broker two:9092", environment).broker, { kind: "given", brokers: "two:9092" });
    assert.deepEqual(parse("--broker kafka", environment).broker, { kind: "kafka" });
    assert.deepEqual(parse("--broker embedded --broker-port 7", environment).broker, { kind: "embedded", port: 7 });
  });

  test("is told all that is wrong with it at once", () => {
    const wrong = () => parse("stray --rate fast --port 0 --broker nonsense");
    assert.throws(wrong, (error) => {
      assert.ok(error instanceof UsageError);
      assert.deepEqual(error.problems, [
        '"stray" is no option',
        "--rate fast is not a number above 0",
        "--port 0 is not a whole number from 1 to 65532",
        "--broker nonsense is neither embedded, kafka nor HOST:PORT",
      ]);
      return true;
    });
  });

  test("is refused with an option that does not exist, or a file that does not", () => {
    assert.throws(() => parse("--rates 3"), UsageError);
    assert.throws(() => parse("--orders nowhere.csv"), /there is no file .*nowhere\.csv/);
  });
});
