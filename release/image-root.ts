import { copyFileSync, existsSync, mkdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import type { SharedLibrary } from "./shared-libraries.ts";

/** Where a broker's certificate is checked against the public authorities, when no other is named. */
const authorities = "/etc/ssl/certs/ca-certificates.crt";

/**
 * Makes a folder what the binaries need as their `/`: the shared libraries that they name, where the loader looks for them, and
 * the public certificate authorities where this machine has them. An image from scratch is this and a binary.
 */
export function makeImageRoot(root: string, libraries: readonly SharedLibrary[]): void {
  for (const { name, file } of libraries) {
    // The loader is named by its path; it looks for the others in this folder.
    place(file, name.startsWith("/") ? join(root, name) : join(root, "lib", multiarch, name));
  }
  if (existsSync(authorities)) place(authorities, join(root, authorities));
}

/** Debian's folder, which a loader of Debian searches first; it also searches /lib. */
const multiarch = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";

function place(file: string, at: string): void {
  mkdirSync(dirname(at), { recursive: true });
  copyFileSync(realpathSync(file), at);
}
