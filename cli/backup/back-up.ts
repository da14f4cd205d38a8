import { createWriteStream, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { copyHeaders } from "#contracts/admin.ts";
import type { Service } from "#contracts/topics.ts";
import { checkCopy } from "#db/check-copy.ts";
import { type AdminAccess, AdminError, explain } from "#workers/operators/admin-client.ts";

export interface Backup {
  readonly path: string;
  readonly storeId: string;
  /** The moment that the copy is of. */
  readonly atMs: number;
  readonly bytes: number;
  readonly durationMs: number;
}

/**
 * Fetches a copy of a service's store into a folder. It has its name only when it is whole, checked and on the disk.
 * @throws AdminError
 */
export async function backUp(
  service: Service,
  { addresses, token }: AdminAccess,
  folder: string,
  signal: AbortSignal,
): Promise<Backup> {
  const startedAtMs = performance.now();
  const answer = await fetch(`${addresses[service]}/admin/backup`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    signal,
  }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new AdminError(`${service} does not answer at ${addresses[service]}: is it running there?`, undefined, cause);
  });
  if (!answer.ok || answer.body === null) {
    throw new AdminError(`${service}: ${explain(answer.status, await answer.text())}`, answer.status);
  }
  const atMs = Number(answer.headers.get(copyHeaders.atMs));
  const name = `${service}-${new Date(atMs).toISOString().replaceAll(/[:.]/g, "-")}.db`;
  const path = join(folder, name);
  const partPath = `${path}.part`;
  try {
    mkdirSync(folder, { recursive: true });
    await pipeline(Readable.fromWeb(answer.body), createWriteStream(partPath));
    const { storeId } = await checkCopy(partPath);
    const announced = answer.headers.get(copyHeaders.storeId);
    if (storeId !== announced) throw new Error(`it holds the store ${storeId}, not ${announced}`);
    const file = await open(partPath, "r+");
    await file.sync();
    await file.close();
    renameSync(partPath, path);
    return { path, storeId, atMs, bytes: statSync(path).size, durationMs: performance.now() - startedAtMs };
  } catch (cause) {
    rmSync(partPath, { force: true });
    signal.throwIfAborted();
    throw new AdminError(`${service}: the copy failed: ${(cause as Error).message}`, undefined, cause);
  }
}
