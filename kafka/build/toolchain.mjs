// Which tools and optional libraries this machine has. Asking the compiler takes a second, so the answer is kept with its
// witnesses: the files (there or not) that it rests on. As long as they are the same, so is the answer.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { BuildError } from "./build-error.mjs";
import { installLine } from "./install-lines.mjs";
import { writeFileAtomic } from "./files.mjs";

/**
 * @typedef {import("./install-lines.mjs").Needed} Needed
 * @typedef {{ file: string, seen: string | null }} Witness
 * @typedef {"openssl" | "zlib" | "zstd"} LibraryName
 * @typedef {object} Toolchain
 * @property {string[]} cc command of the C compiler
 * @property {string[]} cxx command of the C++ compiler
 * @property {string} make
 * @property {string} bash
 * @property {string[]} compileFlags what the environment adds for headers (CPPFLAGS)
 * @property {string[]} linkFlags what the environment adds for libraries (LDFLAGS)
 * @property {string} identity compiler, version and target: part of the hash
 * @property {Record<LibraryName, string[] | null>} libraries linker arguments of each; null when it is not there
 */

/** What each optional library is asked, and how it is linked: as an archive if there is one, so that the client stands alone. */
const LIBRARIES = /** @type {const} */ ({
  openssl: {
    header: "openssl/ssl.h",
    call: "(void)SSL_CTX_new(TLS_client_method())",
    archives: ["libssl.a", "libcrypto.a"],
    shared: ["ssl", "crypto"],
  },
  zlib: { header: "zlib.h", call: "(void)zlibVersion()", archives: ["libz.a"], shared: ["z"] },
  zstd: { header: "zstd.h", call: "(void)ZSTD_versionNumber()", archives: ["libzstd.a"], shared: ["zstd"] },
});
const SYSTEM_LIBRARIES = process.platform === "linux" ? ["-lm", "-ldl", "-lrt"] : [];
/** A kept answer is good for the questions of this file as it is now. */
const OWN_HASH = createHash("sha256")
  .update(readFileSync(new URL(import.meta.url)))
  .digest("hex");
const HONOURED = ["CC", "CXX", "CFLAGS", "CPPFLAGS", "CXXFLAGS", "LDFLAGS", "CPATH", "C_INCLUDE_PATH", "LIBRARY_PATH"];

/**
 * The tools of this machine.
 * @param {{ cacheDir: string, env: NodeJS.ProcessEnv }} options
 * @returns {Toolchain}
 * @throws {BuildError} at once, with the line that installs what is missing
 */
export function findToolchain({ cacheDir, env }) {
  const tools = findTools(env);
  const key = JSON.stringify([OWN_HASH, tools, HONOURED.map((name) => env[name] ?? null)]);
  const kept = readKept(join(cacheDir, "toolchain.json"));
  if (kept?.key === key && kept.witnesses.every(({ file, seen }) => stamp(file) === seen)) return kept.toolchain;

  const identity = [identify(tools.cc, env), identify(tools.cxx, env), honoured(env)].join("\n");
  const flags = { compileFlags: words(env["CPPFLAGS"]), linkFlags: words(env["LDFLAGS"]) };
  const toolchain = { ...tools, ...flags, identity, libraries: probeLibraries(tools.cc, env) };
  mkdirSync(cacheDir, { recursive: true });
  writeFileAtomic(
    join(cacheDir, "toolchain.json"),
    JSON.stringify({ key, witnesses: findWitnesses(tools, env), toolchain }, null, 1),
  );
  return toolchain;
}

/** @param {string | undefined} text */
function words(text) {
  return text?.split(/\s+/).filter(Boolean) ?? [];
}

/** @param {NodeJS.ProcessEnv} env */
function honoured(env) {
  return HONOURED.filter((name) => env[name])
    .map((name) => `${name}=${env[name]}`)
    .join(" ");
}

/**
 * @param {string} file
 * @returns {{ key: string, witnesses: Witness[], toolchain: Toolchain } | undefined}
 */
function readKept(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** @param {NodeJS.ProcessEnv} env */
function findTools(env) {
  const cxx = findCommand(env, env["CXX"] ? [env["CXX"]] : ["c++", "g++", "clang++"]);
  const cc = findCommand(env, env["CC"] ? [env["CC"]] : ["cc", "gcc", "clang"]);
  const make = findCommand(env, env["MAKE"] ? [env["MAKE"]] : ["make", "gmake"]);
  const bash = findCommand(env, ["bash"]);
  /** @type {Needed[]} */
  const missing = [];
  if (!cxx || !cc) missing.push("compiler");
  if (!make) missing.push("make");
  if (!bash) missing.push("bash");
  if (!cxx || !cc || !make || !bash) {
    const named = { compiler: "no C++ compiler (c++, g++ or clang++)", make: "no make", bash: "no bash" };
    const what = missing.map((name) => named[/** @type {keyof typeof named} */ (name)]).join(", ");
    throw new BuildError(
      `The Kafka client cannot be compiled: ${what} found.\nInstall it with: ${installLine(missing)}`,
    );
  }
  return { cc, cxx, make: make[0] ?? "make", bash: bash[0] ?? "bash" };
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string[]} candidates commands, each with its arguments ("ccache g++")
 * @returns {string[] | undefined} the first that there is, its program as an absolute path
 */
function findCommand(env, candidates) {
  const folders = (env["PATH"] ?? "").split(delimiter).filter(Boolean);
  for (const candidate of candidates) {
    const [program = "", ...rest] = words(candidate);
    const files = program.includes("/") ? [program] : folders.map((folder) => join(folder, program));
    const found = files.find(isExecutable);
    if (found) return [found, ...rest];
  }
  return undefined;
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * @param {string[]} command
 * @param {NodeJS.ProcessEnv} env
 */
function identify(command, env) {
  const version = ask(command, ["--version"], env).split("\n")[0];
  return `${command.join(" ")} | ${version} | ${ask(command, ["-dumpmachine"], env).trim()}`;
}

/**
 * @param {string[]} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
function ask([program = "", ...given], args, env) {
  const { status, stdout, stderr, error } = spawnSync(program, [...given, ...args], {
    env: { ...env, LC_ALL: "C" },
    encoding: "utf8",
  });
  if (status === 0) return stdout + stderr;
  const command = [program, ...given, ...args].join(" ");
  throw new BuildError(`The Kafka client cannot be compiled: "${command}" failed.\n${error?.message ?? stderr}`);
}

/**
 * @param {string[]} cc
 * @param {NodeJS.ProcessEnv} env
 * @returns {Record<LibraryName, string[] | null>}
 */
function probeLibraries(cc, env) {
  const folder = mkdtempSync(join(tmpdir(), "kafka-client-probe-"));
  try {
    const probe = (/** @type {LibraryName} */ name) => probeLibrary(name, cc, env, folder);
    return { openssl: probe("openssl"), zlib: probe("zlib"), zstd: probe("zstd") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {LibraryName} name
 * @param {string[]} cc
 * @param {NodeJS.ProcessEnv} env
 * @param {string} folder
 * @returns {string[] | null}
 */
function probeLibrary(name, [program = "", ...given], env, folder) {
  const { header, call, archives, shared } = LIBRARIES[name];
  const source = join(folder, `${name}.c`);
  writeFileSync(source, `#include <${header}>\nvoid probe(void);\nvoid probe(void) { ${call}; }\n`);
  const flags = [env["CPPFLAGS"], env["CFLAGS"], env["LDFLAGS"]].flatMap(words);
  // As the client is linked: Debian's archives are made for programs, and fit into a shared object with -Bsymbolic only.
  const linking = process.platform === "linux" ? ["-Wl,-z,defs", "-Wl,-Bsymbolic"] : [];
  for (const link of [archives.map((file) => `-l:${file}`), shared.map((library) => `-l${library}`)]) {
    const args = [
      ...given,
      "-shared",
      "-fPIC",
      "-Werror=implicit-function-declaration",
      source,
      "-o",
      join(folder, `${name}.so`),
    ];
    const tail = [...flags, ...linking, ...link, ...SYSTEM_LIBRARIES, "-pthread"];
    if (spawnSync(program, [...args, ...tail], { env, stdio: "ignore" }).status === 0) return link;
  }
  return null;
}

/**
 * The tools themselves, and every place where the compiler would look for an optional library: one that appears, goes or
 * changes asks again.
 * @param {{ cc: string[], cxx: string[], make: string, bash: string }} tools
 * @param {NodeJS.ProcessEnv} env
 * @returns {Witness[]}
 */
function findWitnesses({ cc, cxx }, env) {
  const search = ask(cc, ["-xc", "-E", "-v", "/dev/null"], env);
  const headers = /search starts here:\n([^]*?)End of search list/.exec(search)?.[1] ?? "";
  const folders = headers
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("/"));
  const libraries = /^libraries: =?(.*)$/m.exec(ask(cc, ["-print-search-dirs"], env))?.[1]?.split(":") ?? [];
  const files = [cc[0], cxx[0]].filter((file) => file !== undefined);
  for (const { header, archives, shared } of Object.values(LIBRARIES)) {
    files.push(...folders.map((folder) => join(folder, header)));
    const names = [...archives, ...shared.map((name) => `lib${name}.so`)];
    files.push(...libraries.flatMap((folder) => names.map((name) => join(folder, name))));
  }
  return [...new Set(files)].map((file) => ({ file, seen: stamp(file) }));
}

/** @param {string} file */
function stamp(file) {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat ? `${stat.size} ${stat.mtimeMs}` : null;
}
