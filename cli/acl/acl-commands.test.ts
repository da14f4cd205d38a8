import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { services } from "#contracts/topics.ts";
import { aclCommands } from "./acl-commands.ts";

const userOf = (service: string) => `shop-${service}`;

describe("the commands that give rights", () => {
  test("are of the form that rpk takes: lists with commas", () => {
    const [write, read, own] = aclCommands("payment", { form: "rpk", userOf, brokers: "b:1" });
    assert.equal(
      write?.join(" "),
      "rpk security acl create --allow-principal User:shop-payment --operation write,describe --topic payment.success," +
        "payment.refunded,order.cancel,stock.rollback,payment.request.dlq,payment.void.dlq",
    );
    assert.equal(read?.at(-1), "payment.request,payment.void");
    assert.equal(own?.at(-1), "orderwright.payment");
  });

  test("are of the form that kafka-acls.sh takes: an option each", () => {
    const [, read] = aclCommands("payment", { form: "kafka-acls", userOf, brokers: "b:1" });
    assert.equal(
      read?.join(" "),
      "kafka-acls.sh --bootstrap-server b:1 --add --allow-principal User:shop-payment " +
        "--operation Read --operation Describe --topic payment.request --topic payment.void",
    );
  });

  test("let nobody create, alter or delete, and name every resource in full", () => {
    for (const service of services) {
      for (const words of aclCommands(service, { form: "rpk", userOf, brokers: "b:1" })) {
        const operations = words[words.indexOf("--operation") + 1]?.split(",") ?? [];
        assert.ok(
          operations.every((operation) => ["read", "write", "describe"].includes(operation)),
          words.join(" "),
        );
        assert.doesNotMatch(words.join(" "), /\*|prefix|cluster/);
      }
    }
  });
});
