// For tests only.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, linkSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { buildRelease, DIST_DIR } from "#release/build.ts";

/** Null where a program can be run with a root of its own. */
export function emptyRootUnavailable(): string | null {
  if (process.platform !== "linux") return "an empty root needs Linux";
  const { status, stderr, error } = spawnSync("unshare", ["--mount", "chroot", "/", "true"], { encoding: "utf8" });
  return status === 0 ? null : `an empty root is not permitted here: ${(error?.message ?? stderr).trim()}`;
}

/**
 * Makes a folder the root of the services' binaries: they, the shared libraries that they need, and nothing else; `/data` is
 * for stores. The binaries are built from the sources as they are.
 */
export async function makeEmptyRoot(root: string): Promise<void> {
  const { binaries } = await buildRelease(() => {});
  cpSync(join(DIST_DIR, "root"), root, { recursive: true });
  for (const binary of binaries) place(join(DIST_DIR, binary), join(root, binary));
  for (const folder of ["proc", "tmp", "data"]) mkdirSync(join(root, folder));
  chmodSync(join(root, "tmp"), 0o1777);
}

/**
 * Runs a binary in there; it ends with this process, however this ends. Its process is the one that the command begins. As in
 * any container there is a `/proc`: Bun does not start without one.
 */
export function commandInRoot(root: string, binary: string): readonly [file: string, ...args: string[]] {
  const enter = 'mount -t proc proc "$0/proc" && exec setpriv --pdeathsig KILL chroot "$0" "$1"';
  return ["unshare", "--mount", "sh", "-c", enter, root, `/${binary}`];
}

/** A copy only where a link cannot be: binaries are large. */
function place(file: string, at: string): void {
  try {
    linkSync(file, at);
  } catch {
    copyFileSync(file, at);
  }
}
