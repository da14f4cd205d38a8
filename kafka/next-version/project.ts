import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const SCOPE = "@confluentinc";
const NAME = "kafka-javascript";
const UPSTREAM = `${SCOPE}/${NAME}`;
/** What building and testing the client reads. */
const COPIED = ["kafka", "tools", "package.json", "package-lock.json", "tsconfig.json", "deno.json", "bunfig.toml"];
/** Tests import from these; they are not what is tried. */
const LINKED = ["bus", "contracts", "dashboard", "data", "db", "release", "workers"];

/**
 * A copy of the project in `folder` with that version of upstream, fetched by npm, in place of the locked one. No install
 * script runs.
 */
export function projectWith(version: string, folder: string, projectDir: string): void {
  for (const name of COPIED) cpSync(join(projectDir, name), join(folder, name), { recursive: true });
  for (const name of LINKED) symlinkSync(join(projectDir, name), join(folder, name));
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, SCOPE), { recursive: true });
  for (const name of readdirSync(join(projectDir, "node_modules"))) {
    // The answer to `bindings` must be the copy's: it finds the client beside itself.
    if (name === "bindings") symlinkSync("../kafka/bindings", join(modules, name));
    else if (name !== SCOPE) symlinkSync(join(projectDir, "node_modules", name), join(modules, name));
  }
  const [{ filename, integrity }] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--silent", `${UPSTREAM}@${version}`], { cwd: folder, encoding: "utf8" }),
  ) as [{ filename: string; integrity: string }];
  execFileSync("tar", ["-xzf", filename], { cwd: folder });
  renameSync(join(folder, "package"), join(modules, SCOPE, NAME));
  lock(join(folder, "package-lock.json"), version, integrity);
}

/** The build holds the installed version to the locked one. */
function lock(file: string, version: string, integrity: string): void {
  const content = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, object> };
  const key = `node_modules/${UPSTREAM}`;
  content.packages[key] = { ...content.packages[key], version, integrity };
  writeFileSync(file, JSON.stringify(content, null, 2));
}

/** The sources that upstream's addon is compiled from. */
export function upstreamSources(projectDir: string): string[] {
  return textsIn(join(projectDir, "node_modules", UPSTREAM, "src"), /\.(?:cc|h)$/);
}

/** The sources of the joint that offers what those ask for. */
export function offeringSources(projectDir: string): string[] {
  return ["include", "joint"].flatMap((folder) => textsIn(join(projectDir, "kafka/native", folder), /\.h$/));
}

function textsIn(folder: string, names: RegExp): string[] {
  return readdirSync(folder)
    .filter((name) => names.test(name))
    .map((name) => readFileSync(join(folder, name), "utf8"));
}
