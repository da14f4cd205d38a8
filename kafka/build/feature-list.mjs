// Which features a client has by the libraries that it was built with.
import { installLine } from "./install-lines.mjs";

/** @type {{ feature: string, label: string, library: import("./toolchain.mjs").LibraryName }[]} */
const BY_LIBRARY = [
  { feature: "tls", label: "TLS", library: "openssl" },
  { feature: "scram", label: "SASL SCRAM", library: "openssl" },
  { feature: "zlib", label: "gzip compression", library: "zlib" },
  { feature: "zstd", label: "zstd compression", library: "zstd" },
];
const ALWAYS = ["plaintext", "plain", "snappy", "lz4"];
const NEVER = {
  oidc: "This Kafka client is built without OAUTHBEARER OIDC (librdkafka's part that needs curl).",
  gssapi: "This Kafka client is built without Kerberos (GSSAPI).",
};

/**
 * @param {import("./toolchain.mjs").Toolchain["libraries"]} libraries
 * @returns {{ features: import("./features.mjs").ClientFeatures, advice: string | undefined }} `advice` is what to say once at the
 * build, when something is missing
 */
export function featuresOf(libraries) {
  const absent = BY_LIBRARY.filter(({ library }) => libraries[library] === null);
  const present = BY_LIBRARY.filter(({ library }) => libraries[library] !== null);
  const missing = absent.map(({ feature, label, library }) => {
    const sentence = `This Kafka client is built without ${label}. Install what it needs, then start again: ${installLine([library])}`;
    return [feature, sentence];
  });
  const labels = absent.map(({ label }) => label).join(", ");
  const needed = [...new Set(absent.map(({ library }) => library))];
  return {
    features: {
      available: [...ALWAYS, ...present.map(({ feature }) => feature)],
      missing: { ...Object.fromEntries(missing), ...NEVER },
    },
    advice: absent.length ? `without ${labels}, for want of headers. To have it: ${installLine(needed)}` : undefined,
  };
}
