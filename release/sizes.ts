import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1).padStart(6)} MB`;

/** How large each binary is and what of it is a part that all have; the rest is JavaScript, its bytecode and padding. */
export function sizeTable(
  folder: string,
  binaries: readonly string[],
  parts: Readonly<Record<string, string>>,
): string {
  const size = (file: string) => statSync(file).size;
  const known = Object.values(parts).reduce((sum, file) => sum + size(file), 0);
  return [
    ...binaries.map((name) => {
      const bytes = size(join(folder, name));
      return `${mb(bytes)}  ${name.padEnd(20)} of which ours ${mb(bytes - known).trim()}`;
    }),
    "in each:",
    ...Object.entries(parts).map(([name, file]) => `${mb(size(file))}  ${name}`),
  ].join("\n");
}

/** In the form that `sha256sum --check` reads. */
export async function checksums(folder: string, files: readonly string[]): Promise<string> {
  const lines = files.map(async (file) => {
    const hash = createHash("sha256")
      .update(await readFile(join(folder, file)))
      .digest("hex");
    return `${hash}  ${file}\n`;
  });
  return (await Promise.all(lines)).join("");
}
