import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { describe, test } from "node:test";
import { PROJECT_DIR } from "#kafka/build/current.cjs";

const MAX_LINES = 300;
const CODE = new Set([".ts", ".mjs", ".cjs", ".js", ".c", ".cc", ".h", ".sql"]);
const VAGUE_FOLDERS = new Set(["utils", "util", "helpers", "common", "manager", "misc"]);

const NOT_OURS = new Set(["node_modules", ".git", ".cache", ".orderwright", "dist"]);

// Walked, not asked of git: a copy of the project without its history is checked as well.
function walk(folder: string): string[] {
  return readdirSync(join(PROJECT_DIR, folder), { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : [path];
  });
}

const files = walk(".");
const code = files.filter((file) => CODE.has(extname(file)));
const read = (file: string) => readFileSync(join(PROJECT_DIR, file), "utf8");

describe("the project's files", () => {
  test("are seen at all: a check of nothing would always pass", () => assert.ok(code.length > 20));

  test(`have at most ${MAX_LINES} lines: a longer one does two jobs`, () => {
    const long = code.filter((file) => read(file).trimEnd().split("\n").length > MAX_LINES);
    assert.deepEqual(long, []);
  });

  test("are in folders named after what they do", () => {
    const vague = files.filter((file) =>
      dirname(file)
        .split("/")
        .some((name) => VAGUE_FOLDERS.has(name)),
    );
    assert.deepEqual(vague, []);
  });

  test("are named in kebab-case", () => {
    const named = code.filter((file) => !/^[a-z0-9][a-z0-9.-]*$/.test(basename(file)));
    // Upstream's `#include <node_buffer.h>` decides the names of these two.
    const given = ["node_buffer.h", "node_object_wrap.h"];
    assert.deepEqual(
      named.filter((file) => !given.includes(basename(file))),
      [],
    );
  });

  test("name no path of one machine", () => {
    const machine = new RegExp(["work", "root", "farm", "home"].map((name) => `(?<![\\w.:])/${name}/`).join("|"));
    assert.deepEqual(
      files.filter((file) => machine.test(read(file))),
      [],
    );
  });

  test("re-export nothing wholesale: an import names the file that it is from", () => {
    assert.deepEqual(
      code.filter((file) => /^export \* from/m.test(read(file))),
      [],
    );
  });
});

describe("package-lock.json", () => {
  test("names no registry: where packages come from is the machine's own business", () => {
    assert.doesNotMatch(read("package-lock.json"), /"resolved": "https?:/);
  });

  test("locks every platform's Bun, Deno and esbuild", () => {
    const locked = Object.keys((JSON.parse(read("package-lock.json")) as { packages: object }).packages);
    for (const name of ["@oven/bun", "@deno/", "@esbuild/", "@libsql/"]) {
      for (const system of ["linux-x64", "linux-arm64|linux-aarch64", "darwin-arm64|darwin-aarch64"]) {
        const pattern = new RegExp(`node_modules/${name}-?(${system})`);
        assert.ok(
          locked.some((path) => pattern.test(path)),
          `${name} for ${system}`,
        );
      }
    }
  });
});
