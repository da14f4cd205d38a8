// Files that are either there whole or not at all, even when the power goes between two lines.
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * @param {string} file
 * @param {string} text
 */
export function writeFileAtomic(file, text) {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  syncPath(temporary);
  renameSync(temporary, file);
  syncPath(dirname(file));
}

/**
 * Puts a finished folder into its place: its files are on the disk before its name is.
 * @param {string} from
 * @param {string} to
 */
export function publishFolder(from, to) {
  for (const name of readdirSync(from)) syncPath(join(from, name));
  syncPath(from);
  renameSync(from, to);
  syncPath(dirname(to));
}

/** @param {string} path */
function syncPath(path) {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
