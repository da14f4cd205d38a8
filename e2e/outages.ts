// For tests only.
import { execFile } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import type { Service } from "#contracts/topics.ts";
import { connect } from "#db/connection.ts";
import { temporaryFolder } from "#db/temporary-store.ts";
import { until } from "#kafka/testing.ts";
import type { Shop } from "./shop.ts";

const run = promisify(execFile);

/** A disk of its own. */
export interface SmallDisk {
  readonly path: string;
  /** Leaves not a byte. */
  fill(): void;
  /** Takes away what filled it. */
  empty(): void;
  remove(): Promise<void>;
}

/** Null where this user may mount one. */
export async function smallDiskUnavailable(): Promise<string | null> {
  try {
    await (await mountSmallDisk(1)).remove();
    return null;
  } catch (error) {
    return `no tmpfs can be mounted: ${String(error).split("\n")[0]}`;
  }
}

export async function mountSmallDisk(megabytes: number): Promise<SmallDisk> {
  const folder = temporaryFolder();
  const path = join(folder.path, "disk");
  mkdirSync(path);
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path]);
  } catch (error) {
    folder.remove();
    throw error;
  }
  const filler = join(path, "filler");
  return {
    path,
    fill() {
      writeFileSync(filler, "");
      for (let bytes = 1 << 16; bytes >= 1; bytes >>= 1) {
        try {
          for (;;) appendFileSync(filler, Buffer.alloc(bytes));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        }
      }
      if (statfsSync(path).bavail !== 0) throw new Error("there is room left");
    },
    empty: () => rmSync(filler),
    async remove() {
      await run("umount", ["-l", path]);
      folder.remove();
    },
  };
}

/** Temporary folders that are made in `work` are on this disk. */
export async function withTemporaryFoldersOn<T>(disk: SmallDisk, work: () => Promise<T>): Promise<T> {
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = disk.path;
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
}

/** Holds the write lock of a store, as another process does that was stopped in its transaction. Gives what lets it go. */
export async function lockStore(url: string): Promise<() => Promise<void>> {
  const connection = await connect({ url }, "writer");
  const release = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  let held: Promise<void> | undefined;
  await until("the write lock", async () => {
    held = connection.transaction("write", async () => {
      locked.resolve();
      await release.promise;
    });
    return Promise.race([
      locked.promise.then(() => true),
      held.then(
        () => false,
        () => false,
      ),
    ]);
  });
  return async () => {
    release.resolve();
    await held;
    connection.close();
  };
}

/** Whether a service says that it is ready, and what it says. */
export async function readiness(
  shop: Shop,
  service: Service,
): Promise<{ readonly isReady: boolean; readonly text: string }> {
  const response = await fetch(`${shop.processes.worker(service).url}/ready`);
  return { isReady: response.ok, text: await response.text() };
}

/** A figure of `/metrics`. */
export async function metricOf(shop: Shop, service: Service, name: string): Promise<number> {
  const text = await (await fetch(`${shop.processes.worker(service).url}/metrics`)).text();
  return Number(new RegExp(`^orderwright_${name}\\{[^}]*\\} (\\S+)$`, "m").exec(text)?.[1]);
}
