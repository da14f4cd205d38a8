import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { licencesText, packagesOf } from "./licences.ts";

const PROJECT_DIR = join(import.meta.dirname, "..");

describe("the licences of a binary", () => {
  test("are of each package that a bundled file is from, nested ones too", () => {
    const files = [
      "workers/stock/main.ts",
      "node_modules/hono/dist/hono.js",
      "node_modules/@libsql/core/lib/api.js",
      "node_modules/libsql/node_modules/detect-libc/index.js",
    ];
    assert.deepEqual(packagesOf(files), ["@libsql/core", "detect-libc", "hono", "libsql"]);
  });

  test("name what is linked in and is no package: Bun, librdkafka, OpenSSL, SQLite", () => {
    const text = licencesText(["hono"], PROJECT_DIR);
    for (const name of ["orderwright", "Bun", "librdkafka", "OpenSSL", "zlib", "SQLite", "hono 4"]) {
      assert.match(text, new RegExp(`^${name}.*: `, "m"));
    }
    assert.match(text, /JavaScriptCore.*LGPL/);
  });
});
