// Where the built client is, and whether it still fits its sources. CommonJS: kafka/bindings, which upstream's
// `require('bindings')` reaches, must be able to load it on every runtime without a warning.
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const PROJECT_DIR = path.resolve(__dirname, "../..");
const SOURCE_FOLDERS = ["kafka/native", "kafka/embedded-broker", "kafka/bench"];
const SOURCE_FILES = ["kafka/build/targets.mjs"];
const SOURCE_ENDINGS = [".c", ".cc", ".h"];
/** Code of the error when a package is missing or another version than the locked one. */
const NOT_INSTALLED = "NOT_INSTALLED";
const PACKAGES = ["@confluentinc/kafka-javascript", "node-api-headers"];

/** @typedef {{ directory: string, nodeFile: string, embeddedBroker: string, librdkafkaLimit: string, sources: string }} Client */

/**
 * The folder of everything that the build makes: `.cache/kafka-client` of the project, or below `ORDERWRIGHT_CACHE_DIR`.
 * @returns {string}
 */
function defaultCacheDir() {
  return path.resolve(PROJECT_DIR, environment("ORDERWRIGHT_CACHE_DIR") || ".cache", "kafka-client");
}

/**
 * The client that was built last, whole; undefined when there is none.
 * @param {string} [cacheDir]
 * @returns {Client | undefined}
 */
function currentClient(cacheDir = defaultCacheDir()) {
  /** @type {{ build: string, sources: string }} */
  let pointer;
  try {
    pointer = JSON.parse(fs.readFileSync(path.join(cacheDir, "current.json"), "utf8"));
  } catch {
    return undefined;
  }
  const client = clientIn(path.join(cacheDir, "client", pointer.build), pointer.sources);
  return fs.existsSync(client.nodeFile) ? client : undefined;
}

/**
 * @param {string} directory
 * @param {string} sources
 * @returns {Client}
 */
function clientIn(directory, sources) {
  return {
    directory,
    nodeFile: path.join(directory, "confluent-kafka-javascript.node"),
    embeddedBroker: path.join(directory, "embedded-broker"),
    librdkafkaLimit: path.join(directory, "librdkafka-limit"),
    sources,
  };
}

/**
 * A hash of all that the client is made of, the tools of this machine aside: our sources, the flags, and the packages
 * that upstream's sources and the Node-API headers come from (their contents are the lockfile's integrity).
 * @param {string} [projectDir]
 * @returns {string}
 */
function sourcesHash(projectDir = PROJECT_DIR) {
  const hash = crypto.createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  for (const file of sourceFiles(projectDir)) {
    hash
      .update(`${file}\n`)
      .update(fs.readFileSync(path.join(projectDir, file)))
      .update("\n");
  }
  for (const name of PACKAGES) hash.update(`${lockedPackage(projectDir, name)}\n`);
  return hash.digest("hex");
}

/**
 * @param {string} projectDir
 * @param {string} name
 * @returns {string} name, version and integrity of a package as it is locked and installed
 */
function lockedPackage(projectDir, name) {
  const lock = JSON.parse(fs.readFileSync(path.join(projectDir, "package-lock.json"), "utf8"));
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  const manifest = path.join(projectDir, "node_modules", name, "package.json");
  const installed = fs.existsSync(manifest) ? JSON.parse(fs.readFileSync(manifest, "utf8")).version : undefined;
  if (installed === undefined || installed !== version) {
    const message = `The npm package ${name} is not installed as it is locked (${version}): run "npm ci" first.`;
    throw Object.assign(new Error(message), { code: NOT_INSTALLED });
  }
  return `${name} ${version} ${integrity}`;
}

/**
 * @param {string} projectDir
 * @returns {string[]} sorted, relative to the project
 */
function sourceFiles(projectDir) {
  const found = [...SOURCE_FILES];
  for (const folder of SOURCE_FOLDERS) {
    if (!fs.existsSync(path.join(projectDir, folder))) continue;
    for (const entry of fs.readdirSync(path.join(projectDir, folder), { recursive: true, encoding: "utf8" })) {
      if (SOURCE_ENDINGS.includes(path.extname(entry))) found.push(path.join(folder, entry));
    }
  }
  return found.sort();
}

/**
 * Deno refuses to read a variable that it was not allowed to: the same as if it were not set.
 * @param {string} name
 * @returns {string | undefined}
 */
function environment(name) {
  try {
    return process.env[name];
  } catch {
    return undefined;
  }
}

module.exports = {
  NOT_INSTALLED,
  PROJECT_DIR,
  clientIn,
  currentClient,
  defaultCacheDir,
  environment,
  lockedPackage,
  sourcesHash,
};
