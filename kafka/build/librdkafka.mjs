// librdkafka, from the copy that the npm package carries: configured and made in a folder of ours, never in node_modules.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { extname, join } from "node:path";
import { publishFolder } from "./files.mjs";
import { LIBRDKAFKA_ARCHIVES, LIBRDKAFKA_CONFIGURE } from "./targets.mjs";

const UNUSED = new Set(["tests", "win32", "examples", "packaging"]);

/**
 * The arguments of librdkafka's `configure` for the libraries that were found.
 * @param {import("./toolchain.mjs").Toolchain} toolchain
 */
export function configureArguments({ libraries }) {
  const toggle = (/** @type {boolean} */ on, /** @type {string} */ name) => `--${on ? "enable" : "disable"}-${name}`;
  // An OpenSSL inside the client looks for certificates where its builder's system had them: this lets librdkafka look in
  // the other systems' places too.
  const inside = libraries.openssl?.includes("-l:libcrypto.a") ? ["--CPPFLAGS=-DWITH_STATIC_LIB_libcrypto=1"] : [];
  return [
    ...LIBRDKAFKA_CONFIGURE,
    ...inside,
    toggle(libraries.openssl !== null, "ssl"),
    toggle(libraries.zlib !== null, "zlib"),
    toggle(libraries.zstd !== null, "zstd"),
  ];
}

/**
 * Builds librdkafka's archives into `target`, unless they are there.
 * @param {object} options
 * @param {string} options.upstream folder of the npm package
 * @param {string} options.target where the archives and headers go
 * @param {string} options.workDir folder of this build, removed by the caller
 * @param {import("./toolchain.mjs").Toolchain} options.toolchain
 * @param {import("./commands.mjs").Commands} options.commands
 * @param {import("./progress.mjs").Progress} options.progress
 * @param {NodeJS.ProcessEnv} options.env
 */
export async function buildLibrdkafka({ upstream, target, workDir, toolchain, commands, progress, env }) {
  if (existsSync(target)) return;
  const tree = join(workDir, "librdkafka");
  const origin = join(upstream, "deps/librdkafka");
  mkdirSync(tree, { recursive: true });
  for (const name of readdirSync(origin)) {
    if (!UNUSED.has(name)) cpSync(join(origin, name), join(tree, name), { recursive: true });
  }
  // What a make above us asked for is not for this one.
  const { MAKEFLAGS: _, MAKELEVEL: __, ...clean } = env;
  const buildEnv = { ...clean, CC: toolchain.cc.join(" "), CXX: toolchain.cxx.join(" "), LC_ALL: "C" };
  progress.begin("configuring librdkafka", 1, 0.08);
  await commands.run([toolchain.bash, "./configure", ...configureArguments(toolchain)], { cwd: tree, env: buildEnv });
  progress.begin("compiling librdkafka", countFiles(tree, toolchain, buildEnv), 0.7);
  for (const { folder, archive } of LIBRDKAFKA_ARCHIVES) {
    await commands.run([toolchain.make, "-C", folder, `-j${availableParallelism()}`, archive], {
      cwd: tree,
      env: buildEnv,
      onLine: (line) => {
        if (compiles(line)) progress.advance();
      },
    });
  }
  keepHeadersAndArchives(tree);
  publishFolder(tree, target);
}

/** @param {string} line */
function compiles(line) {
  return / -c \S+\.c(pp)? /.test(line);
}

/**
 * Make says before it begins what it would compile.
 * @param {string} tree
 * @param {import("./toolchain.mjs").Toolchain} toolchain
 * @param {NodeJS.ProcessEnv} env
 */
function countFiles(tree, toolchain, env) {
  let files = 0;
  for (const { folder, archive } of LIBRDKAFKA_ARCHIVES) {
    const { stdout } = spawnSync(toolchain.make, ["-n", "-C", folder, archive], { cwd: tree, env, encoding: "utf8" });
    files += (stdout ?? "").split("\n").filter(compiles).length;
  }
  return files;
}

/** @param {string} tree */
function keepHeadersAndArchives(tree) {
  const archives = LIBRDKAFKA_ARCHIVES.map(({ archive }) => archive);
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    const kept = entry.isDirectory() || extname(entry.name) === ".h" || archives.includes(entry.name);
    if (!kept) rmSync(join(entry.parentPath, entry.name));
  }
  rmSync(join(tree, "mklove"), { recursive: true, force: true });
}
