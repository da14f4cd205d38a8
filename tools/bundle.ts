import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { clientFeatures } from "#kafka/build/features.mjs";
import { ensureClient } from "#kafka/build/ensure-client.mjs";

/** The native halves of what is bundled. */
interface Natives {
  readonly kafkaClient: string;
  readonly libsql: string;
}

/** Those of this machine; the Kafka client is built first where that is needed. */
export async function findNatives(): Promise<Natives> {
  return { kafkaClient: (await ensureClient()).nodeFile, libsql: libsqlPackage() };
}

/**
 * Compiles a program to one executable that runs without this project, Bun or node_modules: the Kafka client and libSQL
 * are inside. It unpacks them into the temporary folder, which must be writable and executable where it runs.
 * @param entry the program's main file
 * @param constants identifiers that the program declares and does not define, with their values as source text
 * @returns the files that went in, relative to the project
 * @throws AggregateError with the bundler's messages
 */
export async function compileBinary(
  entry: string,
  outfile: string,
  constants: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const { metafile } = await Bun.build({
    entrypoints: [entry],
    compile: { outfile },
    target: "bun",
    format: "esm",
    // Parsed when it is built and not at each start: a third of the time until it serves, for some 4 MB.
    bytecode: true,
    // Names stay: they are what a stack trace in a log says.
    minify: { whitespace: true, syntax: true, identifiers: false },
    define: { ...constants },
    metafile: true,
    plugins: [staticNatives(await findNatives())],
  });
  if (metafile === undefined) throw new Error("the bundler does not say what went into the binary");
  return Object.keys(metafile.inputs);
}

/** A bundler embeds only what a `require` names in plain text; here is what the packages find while they run. */
function staticNatives({ kafkaClient, libsql }: Natives): Bun.BunPlugin {
  return {
    name: "static-natives",
    setup(build) {
      build.onResolve({ filter: /^bindings$/ }, () => ({ path: "bindings", namespace: "kafka-client" }));
      build.onLoad({ filter: /./, namespace: "kafka-client" }, () => {
        return { contents: `module.exports = () => require(${JSON.stringify(kafkaClient)});`, loader: "js" };
      });
      // What the client can do is a file beside it, which a binary does not have.
      build.onLoad({ filter: /kafka\/build\/features\.mjs$/ }, () => ({ contents: fixedFeatures(), loader: "js" }));
      build.onLoad({ filter: /node_modules\/libsql\/index\.js$/ }, async ({ path }) => {
        const source = await readFile(path, "utf8");
        const contents = source.replace("} = requireNative();", () => `} = require(${JSON.stringify(libsql)});`);
        if (contents === source) throw new Error(`${path} no longer calls requireNative(): adapt tools/bundle.ts`);
        return { contents, loader: "js" };
      });
    },
  };
}

function fixedFeatures(): string {
  return `
    const features = ${JSON.stringify(clientFeatures())};
    export const clientFeatures = () => features;
    export const missingFeature = (name) => features.missing[name];`;
}

/** The native half of libSQL for this machine; its packages are named by system, processor and C library. */
function libsqlPackage(): string {
  const require = createRequire(createRequire(import.meta.url).resolve("libsql"));
  const libc = process.platform === "linux" ? ["-gnu", "-musl"] : [""];
  for (const suffix of libc) {
    try {
      const manifest = require.resolve(`@libsql/${process.platform}-${process.arch}${suffix}/package.json`);
      const { main } = require(manifest) as { main: string };
      return join(manifest, "..", main);
    } catch {
      // npm installs only the packages that fit this system.
    }
  }
  throw new Error(`libSQL has no native package here for ${process.platform}-${process.arch}: run "npm ci"`);
}
