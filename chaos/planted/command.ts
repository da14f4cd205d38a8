import { noFault, plantedFaults } from "./faults.ts";
import { runPlanted } from "./run.ts";

/** Each fault in few orders and with the troubles that bring it out, several at once: they wait more than they work. */
const options = { orders: 120, runsAtMost: 6, settleSeconds: 12 };
const atOnce = 2;
const problemLength = 90;

/** Plants each fault, or those whose name has one of these words, and says what chaos says. True: all were caught. */
export async function plantedCommand(
  words: readonly string[],
  seed: number,
  say: (text: string) => void,
): Promise<boolean> {
  const faults = plantedFaults.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  say(
    `${faults.length} planted faults, each in a copy of the project, chaos of ${options.orders} orders (seed ${seed}):\n`,
  );
  say("| fault | in | caught | runs | problems | the first of them |\n| --- | --- | --- | --- | --- | --- |");
  // Without it, a machine that is too slow would catch everything.
  const healthy = await runPlanted(noFault, { ...options, runsAtMost: 1, seed });
  const control = ["(none)", "-", healthy.isCaught ? "YES" : "no", 1, healthy.problems, shortened(healthy.problem)];
  say(`| ${control.join(" | ")} |`);
  let caught = 0;
  const left = [...faults];
  async function plantNext(): Promise<void> {
    for (let fault = left.shift(); fault; fault = left.shift()) {
      const { isCaught, runs, problems, problem } = await runPlanted(fault, { ...options, seed });
      if (isCaught) caught += 1;
      const row = [fault.name, fault.file, isCaught ? "yes" : "NO", runs, problems, shortened(problem)];
      say(`| ${row.join(" | ")} |`);
    }
  }
  await Promise.all(Array.from({ length: atOnce }, plantNext));
  say(`\n${caught} of ${faults.length} caught${healthy.isCaught ? ", but so was the project as it is" : ""}`);
  return caught === faults.length && !healthy.isCaught;
}

/** Which order it was says nothing of a run that is over. */
function shortened(problem: string): string {
  const told = problem.replace(/^the services do not agree on an end of \S+:/, "no agreed end:").replaceAll("|", "/");
  return told.length <= problemLength ? told : `${told.slice(0, problemLength - 3)}...`;
}
