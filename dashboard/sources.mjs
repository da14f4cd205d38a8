// What the page is made from, so that it is made anew when that changed. Plain JavaScript over node: alone: setup runs it first.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;

/** A hash of the page's own sources, and of the versions of what it uses. */
export function hashOfSources() {
  const hash = createHash("sha256");
  const files = readdirSync(here, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  for (const file of [...files, join(here, "../package-lock.json")]) {
    hash.update(`${file.slice(here.length)}\n`).update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** Whether the built page is of these sources. */
export function isPageBuilt() {
  try {
    const built = JSON.parse(readFileSync(join(here, "../.cache/dashboard/page.json"), "utf8"));
    return built.sources === hashOfSources();
  } catch {
    return false;
  }
}
