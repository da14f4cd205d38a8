import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { intakeOpenApi } from "../intake/openapi.ts";
import { paymentOpenApi } from "../payment/openapi.ts";
import { stockOpenApi } from "../stock/openapi.ts";

const documents = { intake: intakeOpenApi(), stock: stockOpenApi(), payment: paymentOpenApi() };

for (const [service, document] of Object.entries(documents)) {
  describe(`openapi.json of ${service}`, () => {
    test("is what the contracts say: OPENAPI_WRITE=1 writes it anew", () => {
      const file = new URL(`../${service}/openapi.json`, import.meta.url);
      const text = `${JSON.stringify(document, null, 2)}\n`;
      if (process.env["OPENAPI_WRITE"] === "1") writeFileSync(file, text);
      assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), JSON.parse(text));
    });

    test("refers to what it holds, and holds nothing else", () => {
      const text = JSON.stringify(document);
      const { components } = JSON.parse(text) as { components: { schemas: object } };
      const named = [...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, reference]) => String(reference));
      const held = Object.keys(components.schemas).map((name) => `#/components/schemas/${name}`);
      assert.deepEqual([...new Set(named)].toSorted(), held.toSorted());
      assert.ok(held.includes("#/components/schemas/Problem"));
    });
  });
}
