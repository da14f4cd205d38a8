// What the joint must do that V8, Node and libuv do for upstream's sources, seen through the addon from JavaScript.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, test } from "node:test";

interface Addon {
  Topic: { new (name: string, properties: object): { name(): string }; (name: string, properties: object): unknown };
  Producer: new (properties: object, topicProperties: object) => object;
  err2str(code: unknown): string;
  features(): string;
  topic: Record<string, number>;
  librdkafkaVersion: string;
}

const require = createRequire(import.meta.url);
const addon = require("@confluentinc/kafka-javascript/librdkafka.js") as Addon;
const methods = addon.Producer.prototype as Record<string, (...values: unknown[]) => unknown>;

describe("the addon, loaded", () => {
  test("is the librdkafka of the pinned package, since that is what is compiled", () => {
    const { librdkafka } = require("@confluentinc/kafka-javascript/package.json") as { librdkafka: string };
    assert.equal(addon.librdkafkaVersion, librdkafka);
  });

  test("names what librdkafka was built with", () => {
    assert.match(addon.features(), /\blz4\b.*\bsasl_plain\b|\bsasl_plain\b.*\blz4\b/);
  });

  test("has constants that cannot be written, as Node's macro defines them", () => {
    assert.equal(addon.topic["RdKafka::Topic::OFFSET_END"], -1);
    assert.equal(Object.getOwnPropertyDescriptor(addon.topic, "RdKafka::Topic::OFFSET_END")?.writable, false);
  });
});

describe("values on their way through the joint", () => {
  test("numbers are converted as V8 converts them: wrapped at 32 bits, parsed, cut off", () => {
    const timedOut = addon.err2str(-185);
    assert.equal(timedOut, "Local: Timed out");
    assert.equal(addon.err2str(2 ** 32 - 185), timedOut);
    assert.equal(addon.err2str("-185"), timedOut);
    assert.equal(addon.err2str(-185.9), timedOut);
    assert.equal(addon.err2str(Number.NaN), addon.err2str(0));
  });

  test("a conversion that throws is thrown, not swallowed", () => {
    const thrown = new RangeError("from valueOf");
    const value = {
      valueOf() {
        throw thrown;
      },
    };
    assert.throws(
      () => addon.err2str(value),
      (error) => error === thrown,
    );
  });

  test("strings of any length and width arrive whole, also around the size of the inline buffer", () => {
    for (const character of ["a", "é", "€", "😀"])
      for (let length = 1014; length <= 1030; length++) {
        const bytes = new TextEncoder().encode(character).length;
        const name = character.repeat(Math.floor(length / bytes)) + "x".repeat(length % bytes);
        assert.equal(new addon.Topic(name, {}).name(), name);
      }
    const long = "€".repeat(100_000);
    assert.equal(new addon.Topic(long, {}).name(), long);
  });
});

describe("a native method that refuses", () => {
  test("throws what it means to, although it goes on using the API after that", () => {
    assert.throws(() => new addon.Producer({ "no.such.property": 1 }, {}), /No such configuration property/);
    assert.throws(() => new addon.Producer(undefined as never, {}), /Global configuration data must be specified/);
  });

  test("says so when it is taken off its object, instead of reading memory that is no client", () => {
    for (const stranger of [{}, new addon.Topic("topic", {})])
      for (const name of ["disconnect", "setPartitioner", "poll"])
        assert.throws(
          () =>
            methods[name]?.call(
              stranger,
              () => {},
              1,
              () => {},
            ),
          /Illegal invocation/,
        );
  });

  test("is no constructor without `new`", () => {
    assert.throws(() => addon.Topic("topic", {}), /non-constructor|without 'new'|class constructor/i);
  });
});
