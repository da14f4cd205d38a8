import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type BuiltPage, readBuiltPage } from "#dashboard/built-page.ts";
import { isPageBuilt } from "#dashboard/sources.mjs";
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
  const page = findPage();
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
    plugins: [staticNatives(await findNatives()), staticPage(page)],
  });
  if (metafile === undefined) throw new Error("the bundler does not say what went into the binary");
  const inputs = Object.keys(metafile.inputs);
  return inputs.some((input) => pageModule.test(input)) ? [...inputs, ...page.packages] : inputs;
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

const pageModule = /dashboard\/built-page\.ts$/;

/** The live page, which is made first where that is needed. */
function findPage(): BuiltPage {
  if (!isPageBuilt()) execFileSync(process.execPath, [join(import.meta.dirname, "../dashboard/bundle.ts")]);
  const page = readBuiltPage();
  if (page === undefined) throw new Error("the page was made, and is not there");
  return page;
}

/** Intake serves it from a file, which a binary does not have beside it. */
function staticPage(page: BuiltPage): Bun.BunPlugin {
  const contents = `export const readBuiltPage = () => (${JSON.stringify(page)});`;
  return {
    name: "static-page",
    setup: (build) => void build.onLoad({ filter: pageModule }, () => ({ contents, loader: "js" })),
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
