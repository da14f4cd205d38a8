import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { copyWith } from "./copy.ts";
import type { PlantedFault } from "./faults.ts";

/** What chaos says of a copy of the project with a fault in it. */
export interface Caught {
  readonly isCaught: boolean;
  /** So many runs it took, each with another seed. */
  readonly runs: number;
  readonly problems: number;
  /** The first of them. */
  readonly problem: string;
  readonly seconds: number;
}

export interface PlantedOptions {
  readonly orders: number;
  readonly seed: number;
  /** A fault may show in one run and not in another: as many are tried until one shows it. */
  readonly runsAtMost: number;
  /** Long enough for a healthy shop, and not so long that a broken one is waited for in vain. */
  readonly settleSeconds: number;
}

export async function runPlanted(
  fault: PlantedFault,
  { orders, seed, runsAtMost, settleSeconds }: PlantedOptions,
): Promise<Caught> {
  const copy = copyWith(fault);
  const startedAtMs = performance.now();
  try {
    for (let run = 1; ; run++) {
      const { code, output } = await chaosIn(copy.folder, [
        "--orders",
        orders,
        "--seed",
        seed + run,
        "--settle",
        settleSeconds,
        ...(fault.only?.length === 0 ? ["--calm"] : (fault.only ?? []).flatMap((name) => ["--only", name])),
      ]);
      const [, problems, problem] = /BROKEN, (\d+) problems?\n\s*(.*)/.exec(output) ?? [];
      const isCaught = code === 1 && problem !== undefined;
      // A run that did not come to its end, on a machine that is too busy say, shows nothing.
      if (!isCaught && run < runsAtMost) continue;
      const seen = problem ?? (code === 0 ? "nothing" : `no end: ${output.trim().split("\n").at(-1)}`);
      const seconds = (performance.now() - startedAtMs) / 1_000;
      return { isCaught, runs: run, problems: Number(problems ?? 0), problem: seen, seconds };
    }
  } finally {
    copy.remove();
  }
}

async function chaosIn(
  folder: string,
  args: readonly (string | number)[],
): Promise<{ code: number | null; output: string }> {
  const command = [join(folder, "chaos/main.ts"), ...args.map(String)];
  // What it leaves behind as evidence goes with the copy.
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(process.execPath, command, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (output += text.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, output };
}
