import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { takeLock } from "#kafka/build/lock.mjs";
import { StartError } from "./start-error.ts";

/** Says that stores have read from an Apache Kafka that is gone with its temporary folder. */
const marker = (folder: DataFolder) => join(folder.path, "read-from-temporary-kafka");

/**
 * Holds a folder to brokers that its stores can go on with. They would refuse another Kafka whose topics begin anew, since a
 * real broker forgets nothing; of the embedded one they know that it does.
 * @throws StartError
 */
export function rememberBroker(folder: DataFolder, kind: "embedded" | "kafka" | "given"): void {
  if (kind === "embedded") rmSync(marker(folder), { force: true });
  if (kind !== "kafka") return;
  if (existsSync(marker(folder))) {
    const what = `the stores in ${folder.path} have read from an Apache Kafka that is gone with its temporary folder`;
    throw new StartError(`${what}: choose a new folder with --data, or --broker embedded`);
  }
  writeFileSync(marker(folder), "");
}

export interface DataFolder {
  readonly path: string;
  readonly logs: string;
  /** Lets another start have it. */
  release(): void;
}

/**
 * Makes the folder if need be, and takes it for this process: two shops in one folder would be two brokers to one store.
 * @throws StartError
 */
export async function claimDataFolder(path: string): Promise<DataFolder> {
  const logs = join(path, "logs");
  try {
    mkdirSync(logs, { recursive: true });
    const probe = join(path, ".writable");
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (cause) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    const why = code === "EACCES" || code === "EROFS" ? "it cannot be written" : message;
    throw new StartError(`the data folder ${path} cannot be used: ${why}. Choose another with --data`, { cause });
  }
  const onWait = (ownerPid: number) => {
    throw new StartError(
      `the data folder ${path} is in use by process ${ownerPid}. Stop that one, or choose another with --data`,
    );
  };
  const release = await takeLock(join(path, "start"), { onWait });
  return { path, logs, release };
}
