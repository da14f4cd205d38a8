// npm run chaos [-- --orders N] [--seed S] [--kafka] [--planted]: a shop in which everything goes wrong, and what became of every order.
import process from "node:process";
import { parseArgs } from "node:util";
import { type BrokerName, brokerUnavailable } from "../e2e/brokers.ts";
import { troubleNames } from "./monkey.ts";
import { plantedCommand } from "./planted/command.ts";
import { reportOf } from "./report.ts";
import { runChaos } from "./run.ts";

const help = `npm run chaos [-- --orders N] [--seed S] [--settle SECONDS] [--only TROUBLE]... [--calm] [--kafka]
  (default: 2000 orders, a seed of the moment, which is printed; all troubles; the embedded broker, else Apache Kafka)
  --calm: none but poison, cancels and operators; troubles: ${troubleNames.join(", ")}
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
  const { orders, seed, settleWithinMs, only, broker, planted } = parsed;
  if (planted !== undefined) return (await plantedCommand(planted, seed, say)) ? 0 : 1;
  const unavailable = await brokerUnavailable(broker);
  if (unavailable !== null) {
    console.error(`chaos: ${broker} cannot be run here: ${unavailable}`);
    return 2;
  }
  const flag = broker === "Apache Kafka" ? " --kafka" : "";
  say(
    `chaos: ${orders} orders on ${broker}, seed ${seed} (again: npm run chaos -- --orders ${orders} --seed ${seed}${flag})`,
  );
  const result = await runChaos({ orders, seed, settleWithinMs, only, broker, say });
  say(reportOf(result));
  return result.problems.length === 0 ? 0 : 1;
}

function read(args: string[]) {
  try {
    const text = { type: "string" } as const;
    const flag = { type: "boolean" } as const;
    const more = { planted: flag, kafka: flag, calm: flag, only: { type: "string", multiple: true } } as const;
    const options = { orders: text, seed: text, settle: text, ...more } as const;
    const { values, positionals } = parseArgs({ args, options, strict: true, allowPositionals: true });
    const orders = Number(values.orders ?? 2_000);
    const seed = Number(values.seed ?? Date.now() % 1_000_000);
    const settleWithinMs = Number(values.settle ?? 90) * 1_000;
    const isWell = orders >= 1 && orders <= 100_000 && [orders, seed].every(Number.isInteger) && settleWithinMs > 0;
    const areKnown = (values.only ?? []).every((name) => troubleNames.includes(name));
    if (!isWell || !areKnown || (values.planted !== true && positionals.length > 0)) return undefined;
    const broker: BrokerName = values.kafka === true ? "Apache Kafka" : "the embedded broker";
    return {
      orders,
      seed,
      settleWithinMs,
      only: values.calm === true ? [] : values.only,
      broker,
      planted: values.planted === true ? positionals : undefined,
    };
  } catch {
    return undefined;
  }
}
