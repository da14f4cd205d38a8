import { readdirSync, readFileSync } from "node:fs";

/** The parts of a run whose CPU is told apart. */
export const parts = ["intake", "stock", "order", "payment", "broker", "client"] as const;
export type Part = (typeof parts)[number];

/** The kernel counts in hundredths of a second towards programs, whatever its own clock. */
const msOfTick = 10;

/** User and system time of a process with all its threads so far, ms. Throws when it has ended. */
export function cpuMsOf(pid: number): number {
  return cpuMsIn(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** From a line of /proc/PID/stat. Source: proc(5), fields 14 and 15. */
export function cpuMsIn(stat: string): number {
  const fields = fieldsIn(stat);
  return (Number(fields[11]) + Number(fields[12])) * msOfTick;
}

/** The process of this name among the descendants of another. Throws when there is none. */
export function findDescendant(ancestor: number, name: string): number {
  const processes = readdirSync("/proc").flatMap((entry) => (/^\d+$/.test(entry) ? readProcess(Number(entry)) : []));
  const parentOf = new Map(processes.map(({ pid, parent }) => [pid, parent]));
  const isDescendant = (pid: number) => {
    for (let at = parentOf.get(pid); at !== undefined && at !== 0; at = parentOf.get(at))
      if (at === ancestor) return true;
    return false;
  };
  const found = processes.find((each) => each.name === name && isDescendant(each.pid));
  if (found === undefined) throw new Error(`no process ${name} was started here`);
  return found.pid;
}

function readProcess(pid: number) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return [{ pid, name: stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")), parent: Number(fieldsIn(stat)[1]) }];
  } catch {
    return []; // it has ended meanwhile
  }
}

/** From the third field on: the second is a name that may hold blanks and parentheses. */
const fieldsIn = (stat: string) => stat.slice(stat.lastIndexOf(")") + 2).split(" ");
