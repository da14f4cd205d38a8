// What the built client can do, and what to install for what it cannot. The build writes features.json beside the client.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { currentClient, environment } from "./current.cjs";

/**
 * Feature names: "tls", "scram", "zlib" (gzip), "zstd", "oidc", "gssapi". `missing` holds for each missing one the sentence to
 * show, with the line that installs what it needs.
 * @typedef {{ available: string[], missing: Record<string, string> }} ClientFeatures
 */

/**
 * The features of the current client. With no client yet, or one given by hand without its features.json, nothing is
 * known to be missing.
 * @returns {ClientFeatures}
 */
export function clientFeatures() {
  const given = environment("ORDERWRIGHT_KAFKA_CLIENT");
  const directory = given ? dirname(given) : currentClient()?.directory;
  if (!directory) return { available: [], missing: {} };
  try {
    return JSON.parse(readFileSync(join(directory, "features.json"), "utf8"));
  } catch {
    return { available: [], missing: {} };
  }
}

/**
 * @param {string} name
 * @returns {string | undefined} undefined when the client has it; else the sentence that says how to get it
 */
export function missingFeature(name) {
  return clientFeatures().missing[name];
}
