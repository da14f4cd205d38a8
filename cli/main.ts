// The `orderwright` command: finds out what is asked for, does it, and ends with its exit code: 0 all is well, 1 it is not,
// 2 the command line is not understood.
import process from "node:process";
import { aclCommand, aclHelp } from "./acl/command.ts";
import { auditCommand, auditHelp } from "./audit/command.ts";
import { backupCommand, backupHelp } from "./backup/command.ts";
import { configCommand, configHelp } from "./config/command.ts";
import { dlqCommand } from "./dlq/command.ts";
import { dlqHelp } from "./dlq/help.ts";
import { recoverCommand, recoverHelp } from "./recover/command.ts";
import { startCommand } from "./start/command.ts";
import { startHelp } from "./start/options.ts";
import { stuckCommand, stuckHelp } from "./stuck/command.ts";
import { topicsCommand, topicsHelp } from "./topics/command.ts";
import { trailCommand, trailHelp } from "./trail/command.ts";
import { orderCommand, orderHelp } from "./watch/order-command.ts";
import { topCommand, topHelp } from "./watch/top-command.ts";
import { UsageError } from "./usage-error.ts";

interface Command {
  readonly summary: string;
  readonly help: string;
  run(args: readonly string[]): Promise<number>;
}

const commands: Readonly<Record<string, Command>> = {
  start: {
    summary: "run a shop on this machine: broker, workers, a day of real orders",
    help: startHelp,
    run: startCommand,
  },
  order: {
    summary: "an order's way through the services: what each did with it and when, and what it waits for",
    help: orderHelp,
    run: orderCommand,
  },
  top: {
    summary: "how the shop stands, live: orders a second, durations, each service",
    help: topHelp,
    run: topCommand,
  },
  audit: {
    summary: "prove that every order ended once and everywhere, or name the one that did not",
    help: auditHelp,
    run: auditCommand,
  },
  backup: {
    summary: "a copy of each service's store, of one moment, checked, while orders run",
    help: backupHelp,
    run: backupCommand,
  },
  topics: {
    summary: "make the topics of the contracts at the broker, and say where one differs",
    help: topicsHelp,
    run: topicsCommand,
  },
  config: {
    summary: "what each service would run with in this environment, secrets hidden, and what is wrong with it",
    help: configHelp,
    run: configCommand,
  },
  acl: {
    summary: "the commands that give each service its rights at the broker, and no others",
    help: aclHelp,
    run: aclCommand,
  },
  dlq: {
    summary: "messages that no service could take: look at them, heal, replay or discard them",
    help: dlqHelp,
    run: dlqCommand,
  },
  stuck: {
    summary: "orders that do not go on, and what each waits for; compensations that could not be done",
    help: stuckHelp,
    run: stuckCommand,
  },
  recover: {
    summary: "what goes on from a lost store, an old copy, lost messages",
    help: recoverHelp,
    run: recoverCommand,
  },
  trail: {
    summary: "what operators did to the services, who, when and why",
    help: trailHelp,
    run: trailCommand,
  },
};

const overview = `orderwright COMMAND [options]

${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`)
  .join("\n")}

orderwright COMMAND --help says all about one.`;

process.exitCode = await run(process.argv.slice(2));

async function run([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    console.log(overview);
    return name === undefined ? 2 : 0;
  }
  const command = commands[name];
  if (command === undefined) {
    console.error(`orderwright: there is no command "${name}"\n\n${overview}`);
    return 2;
  }
  if (args.includes("--help") || args.includes("-h")) {
    console.log(command.help);
    return 0;
  }
  try {
    return await command.run(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    for (const problem of error.problems) console.error(`orderwright ${name}: ${problem}`);
    console.error(`orderwright ${name} --help says how it is used`);
    return 2;
  }
}
