import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TopicSpec } from "#kafka/topic-spec.ts";
import { deadLetterTopic, groups, topics } from "./topics.ts";

describe("the topics", () => {
  test("are what the Kafka client needs to create them, dead letters too", () => {
    const specs: readonly TopicSpec[] = Object.values(topics).flatMap((topic) => [topic, deadLetterTopic(topic)]);
    assert.equal(new Set(specs.map(({ name }) => name)).size, 22);
    for (const { partitions, retentionMs } of specs) assert.ok(partitions >= 1 && retentionMs > 0);
  });

  test("are named by the type of event that they carry", () => {
    for (const [type, topic] of Object.entries(topics)) assert.equal(topic.name, type);
  });

  test("keep their group ids and partitions, because offsets and orders' partitions hang on them", () => {
    assert.deepEqual(groups, {
      view: "orderwright.view",
      stock: "orderwright.stock",
      order: "orderwright.order",
      payment: "orderwright.payment",
    });
    assert.deepEqual([...new Set(Object.values(topics).map(({ partitions }) => partitions))], [12]);
  });

  test("have each a writer and a reader", () => {
    for (const { writers, readers } of Object.values(topics)) assert.ok(writers.length > 0 && readers.length > 0);
  });
});
