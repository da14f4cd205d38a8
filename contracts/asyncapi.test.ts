import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { asyncApiDocument } from "./asyncapi.ts";
import { groups, topics } from "./topics.ts";

interface Document {
  readonly channels: Readonly<Record<string, { readonly address: string }>>;
  readonly operations: Readonly<
    Record<string, { readonly action: string; readonly channel: { readonly $ref: string } }>
  >;
  readonly components: {
    readonly messages: Readonly<
      Record<string, { readonly payload: { readonly required: readonly string[]; readonly properties: object } }>
    >;
  };
}

const text = `${JSON.stringify(asyncApiDocument(), null, 2)}\n`;
const document = JSON.parse(text) as Document;

describe("asyncapi.json", () => {
  test("is what the contracts say: ASYNCAPI_WRITE=1 writes it anew", () => {
    const file = new URL("asyncapi.json", import.meta.url);
    if (process.env["ASYNCAPI_WRITE"] === "1") writeFileSync(file, text);
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), document);
  });

  test("refers to what it holds", () => {
    const references = [...text.matchAll(/"\$ref": "#\/([^"]*)"/g)].map(([, path]) => String(path).split("/"));
    assert.ok(references.length > 20);
    for (const path of references) {
      const found = path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);
      assert.ok(found, path.join("/"));
    }
  });

  test("has each topic with all who write and read it", () => {
    for (const topic of Object.values(topics)) {
      const about = Object.values(document.operations).filter(
        ({ channel }) => channel.$ref === `#/channels/${topic.name}`,
      );
      const count = (action: string) => about.filter((operation) => operation.action === action).length;
      assert.equal(count("send"), topic.writers.length, topic.name);
      assert.equal(count("receive"), topic.readers.length, topic.name);
    }
    assert.equal(Object.keys(groups).length, 4);
  });

  test("describes the envelope as it is: every golden example has its fields, and no others", () => {
    const folder = new URL("golden/", import.meta.url);
    for (const name of readdirSync(folder)) {
      const golden = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as { type: string; dataschema: string };
      const { payload } = document.components.messages[golden.type] ?? {};
      assert.deepEqual(Object.keys(golden).toSorted(), Object.keys(payload?.properties ?? {}).toSorted(), name);
      assert.deepEqual(payload?.required.toSorted(), Object.keys(golden).toSorted(), name);
    }
  });
});
