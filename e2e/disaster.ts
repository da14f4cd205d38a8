// For tests only: an operator at the command line, and what happens to stores.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Service, services } from "#contracts/topics.ts";
import { filePath } from "#db/connection.ts";
import { until } from "#kafka/testing.ts";
import type { Processes } from "./processes.ts";
import type { Shop } from "./shop.ts";

export const adminToken = "operators";
const program = fileURLToPath(new URL("../cli/main.ts", import.meta.url));

/** Runs `orderwright` on the services of a shop, or on others in their place, and gives all that it wrote. */
export async function orderwright(
  processes: Processes,
  args: readonly string[],
  exitCode = 0,
  others: Partial<Record<Service, string>> = {},
): Promise<string> {
  const urls = services.flatMap((service) => [
    "--url",
    `${service}=${others[service] ?? processes.worker(service).url}`,
  ]);
  const child = spawn(process.execPath, [program, ...args, ...urls], {
    env: { ...process.env, ORDERWRIGHT_ADMIN_TOKEN: adminToken },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text: Buffer) => void (output += text.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (process.env["E2E_SHOW"]) console.log(`$ orderwright ${args.join(" ")}\n${output}`);
  assert.equal(code, exitCode, output);
  return output;
}

/** Takes a backup of a service's store, and gives its file. */
export async function backUp(processes: Processes, service: Service, folder: string): Promise<string> {
  const output = await orderwright(processes, ["backup", service, "--to", folder]);
  const [, path] = new RegExp(`^${service} +(\\S+\\.db)$`, "m").exec(output) ?? [];
  assert.ok(path, output);
  assert.match(output, /integrity check: ok/);
  return path;
}

/** Puts a copy where a store was; without one the store is gone. */
export function putStore(url: string, copyPath: string | undefined): void {
  const path = filePath(url);
  if (path === undefined) throw new Error(`${url} is no file`);
  for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
  if (copyPath !== undefined) copyFileSync(copyPath, path);
}

/** Waits until a service refuses to consume, and gives what /ready says. */
export async function untilRefused({ processes }: Pick<Shop, "processes">, service: Service): Promise<string> {
  let text = "";
  await until(
    `${service} to refuse`,
    async () => {
      const answer = await fetch(`${processes.worker(service).url}/ready`);
      text = await answer.text();
      return answer.status === 503 && text.includes("does not consume");
    },
    60_000,
  );
  return text;
}

/** Looks at what a service refuses, then recovers it as an operator does: the dry run first. Gives what both said. */
export async function recoverByHand(
  shop: Shop,
  service: Service,
  disaster: RegExp,
): Promise<{ readonly tried: string; readonly done: string }> {
  const refusal = await untilRefused(shop, service);
  assert.match(refusal, disaster);
  assert.match(refusal, new RegExp(`orderwright recover ${service}`));
  const tried = await orderwright(shop.processes, ["recover", service]);
  assert.match(tried, /Tried on a copy of the store; nothing was changed/);
  assert.match(await untilRefused(shop, service), disaster, "a dry run changes nothing");
  const done = await orderwright(shop.processes, ["recover", service, "--yes", "--why", "a test"]);
  assert.match(done, /^Done\./m);
  assert.equal(learnedIn(done), learnedIn(tried), "the dry run told what would be done");
  assert.match(await orderwright(shop.processes, ["trail", service]), /recover .*\(a test\)/);
  assert.match(await orderwright(shop.processes, ["recover", service]), /consumes: there is nothing to recover from/);
  return { tried, done };
}

const learnedIn = (text: string) => /(\d+) orders (?:would be )?learned/.exec(text)?.[1];
