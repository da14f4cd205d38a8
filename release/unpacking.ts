import { accessSync, constants, readFileSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";

/** What both addons need, with room. */
const unpackedMiB = 32;

/**
 * Why a binary could not load what it unpacks, in words for who runs it, and what to mount; undefined when that was not what
 * failed. Bun itself says no more than that a file of its own is not there, or cannot be mapped.
 */
export function unpackingProblem(error: unknown): string | undefined {
  const text = error instanceof Error ? error.message : String(error);
  const isUnpacking = (error as NodeJS.ErrnoException)?.code === "ERR_DLOPEN_FAILED" || text.includes("$bunfs");
  if (!isUnpacking) return undefined;
  const missing = /: (lib\S+\.so\S*): cannot open shared object file/.exec(text)?.[1];
  if (missing !== undefined) {
    return `the shared library ${missing} is not on this system: BUILD.json beside the binary names those that it needs`;
  }
  const folder = temporaryFolder();
  return [
    `cannot unpack the Kafka client and libSQL into the temporary folder ${folder}: ${reasonAt(folder, text)}.`,
    `Give it a folder that can be written and executed from, ${unpackedMiB} MiB: TMPDIR, or a mount at ${folder}, such as`,
    `  docker run --tmpfs ${folder}:rw,exec,size=${unpackedMiB}m        (Docker's default for tmpfs is noexec)`,
    `  tmpfs: ["${folder}:exec,size=${unpackedMiB}m"]                   (Compose)`,
    `  emptyDir: { medium: Memory, sizeLimit: ${unpackedMiB}Mi } mounted at ${folder}   (Kubernetes)`,
  ].join("\n");
}

/** As Bun chooses it. */
function temporaryFolder(): string {
  return process.env["BUN_TMPDIR"]?.trim() || tmpdir();
}

function reasonAt(folder: string, text: string): string {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return "there is no such folder";
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EROFS" ? "it is read-only" : "it may not be written";
  }
  if (/failed to map segment/.test(text) || mountOptions(folder).includes("noexec")) return "it is mounted noexec";
  const { bavail, bsize } = statfsSync(folder);
  const freeMiB = Math.floor((bavail * bsize) / 2 ** 20);
  return freeMiB < unpackedMiB ? `only ${freeMiB} MiB are free there` : text;
}

/** Of the mount that a folder is on; empty where the system does not tell. */
function mountOptions(folder: string): string[] {
  let lines: string[];
  try {
    lines = readFileSync("/proc/self/mounts", "utf8").split("\n");
  } catch {
    return [];
  }
  const mounts = lines.map((line) => line.split(" ")).map(([, at = "", , options = ""]) => ({ at, options }));
  const holds = mounts.filter(({ at }) => folder === at || folder.startsWith(at.endsWith("/") ? at : `${at}/`));
  return (holds.toSorted((a, b) => b.at.length - a.at.length)[0]?.options ?? "").split(",");
}
