import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The npm packages that files are from. */
export function packagesOf(files: readonly string[]): string[] {
  const names = files.flatMap((file) => {
    const nested = file.split("node_modules/").slice(1);
    return nested.flatMap((path) => /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  });
  return [...new Set(names)].toSorted();
}

/** One that is linked into the binaries and is no npm package of the bundle. */
interface Linked {
  readonly name: string;
  readonly licence: string;
  /** The first of these that is there holds the text. */
  readonly texts: readonly string[];
}

const librdkafka = "node_modules/@confluentinc/kafka-javascript/deps/librdkafka/LICENSES.txt";
const debian = (name: string) => `/usr/share/doc/${name}/copyright`;

const linked: readonly Linked[] = [
  {
    name: "Bun",
    licence: "MIT; it links JavaScriptCore and parts of WebKit (LGPL-2) and libraries that its LICENSE.md lists",
    texts: ["release/bun-licence.txt"],
  },
  { name: "librdkafka and what it carries", licence: "BSD-2-Clause and others, each below", texts: [librdkafka] },
  {
    name: "OpenSSL",
    licence: "Apache-2.0",
    texts: [debian("libssl-dev"), "/usr/share/licenses/openssl-devel/LICENSE.txt"],
  },
  { name: "zlib", licence: "Zlib", texts: [debian("zlib1g-dev"), "/usr/share/licenses/zlib-devel/LICENSE"] },
  {
    name: "libstdc++ and libgcc",
    licence: "GPL-3.0 with the GCC Runtime Library Exception, which lets any program link them",
    texts: [debian("libstdc++6"), debian("gcc-12-base")],
  },
  { name: "SQLite, inside libSQL", licence: "public domain; libSQL's changes: MIT", texts: [] },
];

/** The licences of all that is inside the binaries, each with its text where the text is on this machine. */
export function licencesText(packages: readonly string[], projectDir: string): string {
  const own = entry("orderwright", "MIT", [read(join(projectDir, "LICENSE"))]);
  const others = linked.map(({ name, licence, texts }) => {
    const file = texts.map((text) => (text.startsWith("/") ? text : join(projectDir, text))).find(existsSync);
    return entry(name, licence, file === undefined ? [] : [read(file)]);
  });
  return [own, ...others, ...packages.map((name) => packageEntry(name, projectDir))].join("\n");
}

/** @throws Error for a package that states no licence: nobody could say whether it may be passed on */
function packageEntry(name: string, projectDir: string): string {
  const nested = join(projectDir, "node_modules/libsql/node_modules", name);
  const folder = existsSync(nested) ? nested : join(projectDir, "node_modules", name);
  const { version, license } = JSON.parse(read(join(folder, "package.json"))) as { version: string; license?: string };
  if (license === undefined) throw new Error(`the npm package ${name} states no licence`);
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  return entry(
    `${name} ${version} (npm)`,
    license,
    files.map((file) => read(join(folder, file))),
  );
}

const read = (file: string) => readFileSync(file, "utf8").trim();

function entry(name: string, licence: string, texts: readonly string[]): string {
  const rule = "=".repeat(80);
  return [rule, `${name}: ${licence}`, rule, ...texts, ""].join("\n");
}
