import { closeSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { median } from "./latencies.ts";

/** Lines that say what was measured on, with warnings of what spoils figures. */
export function describeMachine(dataFolder: string): string[] {
  const all = cpus();
  const [load = 0] = loadavg();
  const fsyncMs = medianFsyncMs(dataFolder);
  const lines = [
    `${all.length} cores of ${all[0]?.model.trim() ?? "an unknown make"}, Linux ${release()}, Bun ${Bun.version}; load average ${load.toFixed(2)}`,
    `stores in ${dataFolder}: an fsync of 4 KB takes ${fsyncMs.toFixed(2)} ms there (median)`,
  ];
  if (load > busyLoad)
    lines.push(`WARNING: this machine is not idle (load average ${load.toFixed(2)}): wall times are noise`);
  if (statfsSync(dataFolder).type === tmpfs) {
    lines.push("WARNING: that folder is in memory, where an fsync costs nothing: choose a disk with --data DIR");
  }
  return lines;
}

const busyLoad = 0.5;
/** Source: statfs(2). */
const tmpfs = 0x01021994;

function medianFsyncMs(folder: string): number {
  const path = join(folder, `fsync-${process.pid}`);
  const file = openSync(path, "w");
  try {
    const block = Buffer.alloc(4_096);
    const times = Array.from({ length: 41 }, () => {
      const beganMs = performance.now();
      writeSync(file, block);
      fsyncSync(file);
      return performance.now() - beganMs;
    });
    return median(times);
  } finally {
    closeSync(file);
    rmSync(path);
  }
}
