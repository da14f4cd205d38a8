// npm run build: the services and the operator's command, a file each, in dist/.
import { rm, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compileBinary, findNatives } from "../tools/bundle.ts";
import { findBuildFacts } from "./find-facts.ts";
import { makeImageRoot } from "./image-root.ts";
import { licencesText, packagesOf } from "./licences.ts";
import { neededLibraries } from "./shared-libraries.ts";
import { startTimes } from "./start-times.ts";
import { checksums, sizeTable } from "./sizes.ts";

const PROJECT_DIR = join(import.meta.dirname, "..");
export const DIST_DIR = join(PROJECT_DIR, "dist");

/** The programs, by the file that begins each. */
const programs = ["intake", "stock", "order", "payment", "orderwright"] as const;
const nameOf = (program: (typeof programs)[number]) =>
  program === "orderwright" ? program : (`orderwright-${program}` as const);

/** What is in `dist/BUILD.json`. */
export interface BuildRecord {
  readonly facts: Awaited<ReturnType<typeof findBuildFacts>>;
  readonly binaries: readonly string[];
  /** The shared libraries that they need where they run, as the loader names them. */
  readonly libraries: readonly string[];
}

/** Makes `dist/` anew. */
export async function buildRelease(say: (text: string) => void): Promise<BuildRecord> {
  await rm(DIST_DIR, { recursive: true, force: true });
  await mkdir(DIST_DIR, { recursive: true });
  const facts = await findBuildFacts();
  const natives = await findNatives();
  const inputs = new Set<string>();
  const binaries: string[] = [];
  for (const program of programs) {
    const name = nameOf(program);
    const entry = join(import.meta.dirname, "entries", `${program}.ts`);
    const files = await compileBinary(entry, join(DIST_DIR, name), { ORDERWRIGHT_BUILD: JSON.stringify(facts) });
    files.forEach((file) => inputs.add(file));
    binaries.push(name);
  }
  const libraries = neededLibraries([process.execPath, ...Object.values(natives)]);
  makeImageRoot(join(DIST_DIR, "root"), libraries);
  // For an image: where a store's volume goes.
  await mkdir(join(DIST_DIR, "data"));
  const record = { facts, binaries, libraries: libraries.map(({ name }) => name) };
  await writeFile(join(DIST_DIR, "BUILD.json"), `${JSON.stringify(record, undefined, 2)}\n`);
  await writeFile(join(DIST_DIR, "LICENCES.txt"), licencesText(packagesOf([...inputs]), PROJECT_DIR));
  await writeFile(join(DIST_DIR, "SHA256SUMS"), await checksums(DIST_DIR, [...binaries, "BUILD.json", "LICENCES.txt"]));
  say(sizeTable(DIST_DIR, binaries, { Bun: process.execPath, ...natives }));
  say(`needs where it runs: ${record.libraries.join(" ")}`);
  return record;
}

if (import.meta.main) {
  const { binaries } = await buildRelease(console.log);
  for (const binary of binaries.filter((name) => name !== "orderwright")) {
    const { firstMs, medianMs } = await startTimes(join(DIST_DIR, binary));
    console.log(`${binary} serves HTTP after ${medianMs.toFixed(0)} ms, the first time after ${firstMs.toFixed(0)} ms`);
  }
}
