import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const rounds = 9;

/**
 * How long a binary takes until it serves HTTP with its store made and open, ms: the first time, when it unpacks its addons, and the
 * median of later ones. There is no broker: joining a group is not in it.
 */
export async function startTimes(binary: string): Promise<{ readonly firstMs: number; readonly medianMs: number }> {
  const folder = await mkdtemp(join(tmpdir(), "orderwright-start-"));
  try {
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      times.push(
        await timeUntilListening(binary, { TMPDIR: folder, STORE_URL: `file:${join(folder, `${round}.db`)}` }),
      );
    }
    const [firstMs = 0, ...later] = times;
    return { firstMs, medianMs: later.toSorted((a, b) => a - b)[Math.floor(later.length / 2)] ?? 0 };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function timeUntilListening(binary: string, own: Record<string, string>): Promise<number> {
  const beganAtMs = performance.now();
  const child = spawn(binary, [], {
    env: { ...own, KAFKA_BROKERS: "127.0.0.1:1", HTTP_PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  let output = "";
  for await (const text of child.stdout) {
    output += String(text);
    if (output.includes('"listening"')) break;
  }
  const tookMs = performance.now() - beganAtMs;
  child.kill("SIGKILL");
  await ended;
  if (!output.includes('"listening"')) throw new Error(`${binary} did not start: ${output}`);
  return tookMs;
}
