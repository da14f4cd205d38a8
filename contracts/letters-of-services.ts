// What operators see of all services' dead letters at once. Without zod, since the page shows it too.
import type { DeadLetterGroups, DeadLetterSummary } from "./dead-letters.ts";
import type { Service } from "./topics.ts";

/** A dead letter and whose it is. */
export type Letter = DeadLetterSummary & { readonly service: Service };
/** Dead letters of one kind and whose they are. */
export type Group = DeadLetterGroups["groups"][number] & { readonly service: Service };

/** One group for each key, with what its groups come to together; the largest first. */
export function addUpGroups(groups: readonly Group[], keyOf: (group: Group) => string): Group[] {
  const sums = new Map<string, Group>();
  for (const group of groups) {
    const key = keyOf(group);
    const sum = sums.get(key);
    sums.set(key, sum === undefined ? group : add(sum, group));
  }
  return [...sums.values()].toSorted((a, b) => b.letters - a.letters);
}

function add(sum: Group, group: Group): Group {
  return {
    ...sum,
    letters: sum.letters + group.letters,
    oldestAtMs: Math.min(sum.oldestAtMs, group.oldestAtMs),
    newestAtMs: Math.max(sum.newestAtMs, group.newestAtMs),
  };
}
