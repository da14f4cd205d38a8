import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PlantedFault } from "./faults.ts";

const project = join(import.meta.dirname, "../..");
/** Large, and the same for all. */
const shared = new Set(["node_modules", ".cache"]);
const left = new Set([".git", "dist", ".orderwright"]);

/** A copy of the project with one fault in it. */
export interface FaultyCopy {
  readonly folder: string;
  remove(): void;
}

/** The source with the fault in it. @throws when it is not the source that the fault was written for */
export function withFault(source: string, { name, file, from, to }: PlantedFault): string {
  const parts = source.split(from);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} places to plant "${name}" in, not one`);
  return parts.join(to);
}

export function readSource({ file }: PlantedFault): string {
  return readFileSync(join(project, file), "utf8");
}

export function copyWith(fault: PlantedFault): FaultyCopy {
  const folder = mkdtempSync(join(tmpdir(), "orderwright-planted-"));
  for (const name of readdirSync(project)) {
    if (left.has(name)) continue;
    const [from, to] = [join(project, name), join(folder, name)];
    if (shared.has(name)) symlinkSync(from, to);
    else cpSync(from, to, { recursive: true });
  }
  writeFileSync(join(folder, fault.file), withFault(readSource(fault), fault));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
