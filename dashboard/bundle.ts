// Makes the page's files: bun dashboard/bundle.ts
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { BuiltFile, BuiltPage } from "./built-page.ts";
import { hashOfSources } from "./sources.mjs";

const folder = join(import.meta.dirname, "../.cache/dashboard");

const built = await Bun.build({
  entrypoints: ["page/main.tsx", "page/page.css"].map((name) => join(import.meta.dirname, name)),
  target: "browser",
  minify: true,
  metafile: true,
  define: { "process.env.NODE_ENV": '"production"' },
});
const files: Record<string, BuiltFile> = {
  "/": fileOf("text/html; charset=utf-8", readFileSync(join(import.meta.dirname, "page/index.html"))),
};
for (const output of built.outputs) {
  const isStyle = output.path.endsWith(".css");
  const type = isStyle ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8";
  files[isStyle ? "/assets/page.css" : "/assets/page.js"] = fileOf(type, Buffer.from(await output.arrayBuffer()));
}
const packages = Object.keys(built.metafile?.inputs ?? {}).flatMap(
  (input) => /node_modules\/.*/.exec(input)?.[0] ?? [],
);
if (packages.length === 0) throw new Error("the bundler does not say what went into the page");
const page: BuiltPage = { sources: hashOfSources(), packages, files };
mkdirSync(folder, { recursive: true });
// Whole or not at all: a worker may start meanwhile.
writeFileSync(join(folder, "page.json.new"), JSON.stringify(page));
renameSync(join(folder, "page.json.new"), join(folder, "page.json"));

function fileOf(type: string, content: Buffer): BuiltFile {
  return {
    type,
    etag: `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`,
    content: content.toString("base64"),
    brotli: brotliCompressSync(content).toString("base64"),
    gzip: gzipSync(content, { level: 9 }).toString("base64"),
  };
}
