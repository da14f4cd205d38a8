import { recipes } from "./poison.ts";
import { type ChaosResult, sumOf } from "./run.ts";

const shownAtMost = 20;

/** What happened, for a person. */
export function reportOf(result: ChaosResult): string {
  const {
    problems,
    orders,
    cancels,
    poison,
    poisonAgain,
    letters,
    troubles,
    operations,
    stalls,
    ends,
    seconds,
    evidence,
  } = result;
  const kinds = recipes.map(({ kind }) => `${poison.filter((each) => each.kind === kind).length} ${kind}`);
  const { heal, replay, discard } = operations.done;
  const lettersText = `${heal} healed, ${replay} replayed, ${discard} discarded by operators`;
  const lines = [
    `  troubles  ${sumOf(troubles)}: ${listOf(troubles)}`,
    `  poison    ${poison.length}: ${kinds.join(", ")}; ${poisonAgain} sent again after a broker lost them`,
    `  letters   ${lettersText}`,
    `  genuine   ${letters.deadly + letters.refused} of them: ${letters.deadly} after three deaths in hand, ${letters.refused} refused by a store for a while`,
    `  cancels   ${cancels}, at random moments`,
    `  stalls    ${stalls}, after which a worker joined its group anew`,
    `  ends      ${listOf(ends)}`,
    `  took      ${seconds.toFixed(0)} s`,
  ];
  if (problems.length === 0) {
    return [`chaos: CLEAN, each of ${orders.length} orders ended as it had to, the audit finds nothing`, ...lines].join(
      "\n",
    );
  }
  const shown = problems.slice(0, shownAtMost).map((problem) => `  ${problem}`);
  if (problems.length > shownAtMost) shown.push(`  ... and ${problems.length - shownAtMost} more`);
  lines.push(
    `  evidence  ${evidence ?? "none was kept"}: what each worker wrote and measured, how far each group had read`,
  );
  return [`chaos: BROKEN, ${problems.length} problems`, ...shown, ...lines].join("\n");
}

const listOf = (counts: ReadonlyMap<string, number>) =>
  [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
