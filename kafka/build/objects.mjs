// Compiled object files, kept by what went into them: a change of one source compiles that one.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, extname, join } from "node:path";

/**
 * @typedef {object} Unit
 * @property {string} source absolute path of a .c or .cc file
 * @property {string[]} command compiler and flags, without -c and -o
 * @property {string} inputs a hash of what else the object depends on: headers, compiler
 *
 * @param {Unit} unit
 * @returns {string} name of its object file
 */
function objectName({ source, command, inputs }) {
  const hash = createHash("sha256")
    .update(JSON.stringify([command, inputs]))
    .update(readFileSync(source));
  return `${basename(source, extname(source))}-${hash.digest("hex").slice(0, 24)}.o`;
}

/**
 * Compiles what is not yet in `folder`, as many at once as there are processors.
 * @param {Unit[]} units
 * @param {object} options
 * @param {string} options.folder
 * @param {string} options.workDir on the same file system
 * @param {import("./commands.mjs").Commands} options.commands
 * @param {import("./progress.mjs").Progress} options.progress
 * @param {NodeJS.ProcessEnv} options.env
 * @returns {Promise<string[]>} the object files, in the order of the units
 */
export async function compileAll(units, { folder, workDir, commands, progress, env }) {
  const objects = units.map((unit) => join(folder, objectName(unit)));
  const missing = units
    .map((unit, i) => ({ ...unit, object: objects[i] ?? "" }))
    .filter(({ object }) => !existsSync(object));
  progress.begin("compiling the client", missing.length, 0.2);
  const queue = missing.values();
  const work = async () => {
    for (const { command, source, object } of queue) {
      const temporary = join(workDir, basename(object));
      await commands.run([...command, "-c", source, "-o", temporary], { env });
      renameSync(temporary, object);
      progress.advance();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return objects;
}

/**
 * @param {string} folder
 * @param {string[]} used full paths of the object files that the current client is made of
 */
export function dropUnused(folder, used) {
  const names = new Set(used.map((file) => basename(file)));
  for (const name of readdirSync(folder)) if (!names.has(name)) rmSync(join(folder, name), { force: true });
}

/**
 * @param {string[]} folders
 * @returns {string} a hash of the headers in these folders, names and contents
 */
export function headersHash(folders) {
  const hash = createHash("sha256");
  for (const folder of folders) {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".h"));
    for (const name of names.sort()) hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
  }
  return hash.digest("hex");
}
