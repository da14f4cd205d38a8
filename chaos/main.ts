// npm run chaos [-- --orders N] [--seed S] [--planted]: a shop in which everything goes wrong, and what became of every order.
import process from "node:process";
import { parseArgs } from "node:util";
import { plantedCommand } from "./planted/command.ts";
import { reportOf } from "./report.ts";
import { runChaos } from "./run.ts";

const help = `npm run chaos [-- --orders N] [--seed S]     (default: 2000 orders, a seed of the moment, which is printed)
npm run chaos -- --planted [WORD ...]
  plants faults into copies of the project, all or those with a word in their name, and shows what chaos says

Exit code: 0 every order ended as it had to and the audit is clean; planted: every fault was caught. 1 not.
2 the command line is not understood.`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const say = (text: string) => console.log(text);
  const parsed = read(args);
  if (parsed === undefined) {
    console.error(help);
    return 2;
  }
  const { orders, seed, settleWithinMs, planted } = parsed;
  if (planted !== undefined) return (await plantedCommand(planted, seed, say)) ? 0 : 1;
  say(`chaos: ${orders} orders, seed ${seed} (again: npm run chaos -- --orders ${orders} --seed ${seed})`);
  const result = await runChaos({ orders, seed, settleWithinMs, say });
  say(reportOf(result));
  return result.problems.length === 0 ? 0 : 1;
}

function read(args: string[]) {
  try {
    const text = { type: "string" } as const;
    const options = { orders: text, seed: text, settle: text, planted: { type: "boolean" } } as const;
    const { values, positionals } = parseArgs({ args, options, strict: true, allowPositionals: true });
    const orders = Number(values.orders ?? 2_000);
    const seed = Number(values.seed ?? Date.now() % 1_000_000);
    const settleWithinMs = Number(values.settle ?? 90) * 1_000;
    const isWell = orders >= 1 && orders <= 100_000 && [orders, seed].every(Number.isInteger) && settleWithinMs > 0;
    if (!isWell || (values.planted !== true && positionals.length > 0)) return undefined;
    return { orders, seed, settleWithinMs, planted: values.planted === true ? positionals : undefined };
  } catch {
    return undefined;
  }
}
