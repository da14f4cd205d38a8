import { spawnSync } from "node:child_process";

/** As the dynamic loader looks for it, and where it is on this machine. */
export interface SharedLibrary {
  readonly name: string;
  readonly file: string;
}

/**
 * The shared libraries that files need, and those that these need, the loader itself among them.
 * @throws Error when one is not on this machine
 */
export function neededLibraries(files: readonly string[]): SharedLibrary[] {
  const found = new Map<string, string>();
  for (const file of files) {
    const { status, stdout, stderr } = spawnSync("ldd", [file], {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C" },
    });
    if (status !== 0) throw new Error(`ldd ${file} failed: ${stderr}`);
    for (const line of stdout.split("\n").map((text) => text.trim())) {
      const [, name, at] = /^(\S+) => (.+?)(?: \(0x[0-9a-f]+\))?$/.exec(line) ?? [];
      if (name !== undefined && at === "not found") throw new Error(`${file} needs ${name}, which is not here`);
      // The loader is named by its path.
      const loader = /^(\/\S+) \(0x/.exec(line)?.[1];
      if (name !== undefined && at !== undefined) found.set(name, at);
      else if (loader !== undefined) found.set(loader, loader);
    }
  }
  return [...found].map(([name, file]) => ({ name, file })).toSorted((a, b) => a.name.localeCompare(b.name));
}
