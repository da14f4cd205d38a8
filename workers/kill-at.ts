import process from "node:process";
import { type FaultHook, type FaultPoint, noFaults } from "#bus/fault-hook.ts";
import type { EnvironmentReader } from "./environment.ts";

const points: Readonly<Record<FaultPoint, true>> = {
  "before-commit": true,
  "after-commit": true,
  "after-send": true,
  "after-report": true,
  "before-broker-commit": true,
};

/** For tests: FAULT_KILL_AT=<point>:<n> kills the process when it comes to this point for the n-th time. */
export function readKillAt(reader: EnvironmentReader): FaultHook {
  const text = reader.optional("FAULT_KILL_AT");
  if (text === undefined) return noFaults;
  const [point = "", count = "1"] = text.split(":");
  let left = Number(count);
  if (!(point in points) || !(left >= 1)) {
    reader.problem(`FAULT_KILL_AT is "${text}", not one of ${Object.keys(points).join(", ")} with a count such as :3`);
    return noFaults;
  }
  return (reached) => {
    if (reached !== point) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, "SIGKILL");
  };
}
