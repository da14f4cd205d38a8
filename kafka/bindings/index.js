// Answers `require('bindings')('confluent-kafka-javascript')` of upstream's JavaScript layer, which stays as it is, with the client
// that kafka/build made for Bun, Deno and Node.
const { spawnSync } = require("node:child_process");
const path = require("node:path");
const { currentClient, defaultCacheDir, environment, PROJECT_DIR, sourcesHash } = require("../build/current.cjs");

const BUILD = path.join(PROJECT_DIR, "kafka/build/main.mjs");

/**
 * The native module: the file that ORDERWRIGHT_KAFKA_CLIENT names, else the client as built, which is built first when it
 * is missing or older than its sources.
 * @returns {unknown}
 */
module.exports = function bindings() {
  const given = environment("ORDERWRIGHT_KAFKA_CLIENT");
  return require(given || clientFile());
};

/** @returns {string} */
function clientFile() {
  const client = currentClient();
  if (client && isFresh(client.sources)) return client.nodeFile;
  build();
  const built = currentClient();
  if (built) return built.nodeFile;
  throw new Error(`The Kafka client is not in ${defaultCacheDir()} though its build succeeded.`);
}

/**
 * @param {string} sources
 * @returns {boolean} true too where the sources may not be read (Deno with narrow permissions) or are not there: what was
 * built is then all there is
 */
function isFresh(sources) {
  if (deno && !allows({ name: "read", path: PROJECT_DIR })) return true;
  try {
    return sourcesHash() === sources;
  } catch {
    return true;
  }
}

function build() {
  const byHand = `node ${path.relative(process.cwd(), BUILD)}`;
  if (deno && !allows({ name: "run", command: process.execPath })) {
    throw new Error(
      `The Kafka client is not built yet, and Deno may not run its build here. Build it once with: ${byHand}`,
    );
  }
  const args = deno ? ["run", "--allow-all", BUILD] : [BUILD];
  // Standard output belongs to the program that is starting.
  const { status, error } = spawnSync(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) {
    throw new Error(
      `The Kafka client could not be built (see above). Try again with: ${byHand}`,
      error && { cause: error },
    );
  }
}

/** @type {{ permissions: { querySync(descriptor: object): { state: string } } } | undefined} */
const deno = /** @type {any} */ (globalThis).Deno;

/**
 * Asks Deno without making it prompt.
 * @param {object} descriptor
 */
function allows(descriptor) {
  return deno?.permissions.querySync(descriptor).state === "granted";
}
