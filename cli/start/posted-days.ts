import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { days } from "#data/days.ts";
import { readOrders, type ShopDay } from "#data/read-orders.ts";
import { StartError } from "./start-error.ts";

/** A file of orders. */
export interface OrderFile {
  /** For a person. */
  readonly name: string;
  /** Of its content: keys of requests that belong to the file begin with it. */
  readonly id: string;
  readonly day: ShopDay;
}

/** Which files were posted into a data folder, whole. One that was broken off is posted again: its keys make that harmless. */
export interface PostedDays {
  has(file: OrderFile): boolean;
  add(file: OrderFile): void;
}

export function openPostedDays(dataFolder: string): PostedDays {
  const path = join(dataFolder, "posted.json");
  const ids = readIds(path);
  return {
    has: ({ id }) => ids.has(id),
    add({ id, name }) {
      ids.set(id, name);
      // Renamed into place: never half a list.
      writeFileSync(`${path}.new`, `${JSON.stringify(Object.fromEntries(ids), null, 2)}\n`);
      renameSync(`${path}.new`, path);
    },
  };
}

function readIds(path: string): Map<string, string> {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(path, "utf8")) as Record<string, string>));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw new StartError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** The first day of those that come with the project that was not posted; undefined when all were. */
export function nextDay(posted: PostedDays): OrderFile | undefined {
  return days.map(readOrderFile).find((file) => !posted.has(file));
}

/** @throws StartError */
export function readOrderFile(path: string): OrderFile {
  try {
    const text = readFileSync(path, "utf8");
    const id = createHash("sha256").update(text).digest("hex").slice(0, 16);
    return { name: basename(path).replace(/\.csv$/, ""), id, day: readOrders(text) };
  } catch (cause) {
    throw new StartError(`${path} holds no orders that can be read: ${(cause as Error).message}`, { cause });
  }
}
