import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { defaultDataFolder } from "../data-folder.ts";
import { UsageError } from "../usage-error.ts";

export interface StartOptions {
  /** Files of orders to post; undefined: the next of the days that come with the project. */
  readonly files: readonly string[] | undefined;
  /** Orders a second that the shop front sends; undefined: as many as the workers take. */
  readonly ratePerSecond: number | undefined;
  readonly dataFolder: string;
  readonly broker: BrokerChoice;
  /** Intake's port; stock, order and payment have the three after it. */
  readonly httpPort: number;
  /** Ends after the audit. */
  readonly exits: boolean;
}

export type BrokerChoice =
  | { readonly kind: "embedded"; readonly port: number }
  | { readonly kind: "kafka" }
  /** What KAFKA_BROKERS and the other variables say. */
  | { readonly kind: "given"; readonly brokers: string };

const defaults = { httpPort: 8080, brokerPort: 9092 } as const;

export const startHelp = `npm start -- [options]
orderwright start [--exit] [--orders FILE ...] [--rate N] [--data DIR] [--broker embedded|kafka|HOST:PORT] [--port N] [--broker-port N]

Starts a shop on this machine: a broker and the workers intake, stock, order and payment, each a process with a store of its
own. First it ends what an earlier start left open. Then it stocks the shop, opens the customers' accounts and posts a day of
real orders, all over HTTP; shows how they settle; audits the stores; and stays up until Ctrl-C.

  --exit                ends after the audit; exit code 1 if it failed or an order did not end as it must
  --orders FILE ...     posts the orders of these files, of the form of data/online-retail/*.csv
                        (default: the first day there that was not posted into this data folder)
  --rate N              orders a second that the shop front sends (default: as many as are taken, 128 at a time)
  --data DIR            the folder of stores and logs (default: .orderwright in the project)
  --broker embedded     in memory, for trying things: it forgets all when it ends, the stores do not (the default)
  --broker kafka        Apache Kafka, fetched with Maven, in a temporary folder: for one start of a new DIR
  --broker HOST:PORT    one that runs already; so does KAFKA_BROKERS, with KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_*, KAFKA_TLS_*
  --port N              intake's port, the other workers have the next three (default: ${defaults.httpPort})
  --broker-port N       the embedded broker's port (default: ${defaults.brokerPort})

Workers read further settings from the environment, and write logs to DIR/logs.
Exit code: 0 all is well, 1 it is not, 2 the command line is not understood.`;

/**
 * Reads the command line. Pure but for looking whether the files are there.
 * @throws UsageError with all problems
 */
export function parseStartOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): StartOptions {
  const { values, positionals } = split(args);
  const problems: string[] = [];
  const files = values.orders && [...values.orders, ...positionals].map((file) => resolve(file));
  if (files === undefined) problems.push(...positionals.map((text) => `"${text}" is no option`));
  problems.push(...(files ?? []).filter((file) => !existsSync(file)).map((file) => `there is no file ${file}`));
  const integer = (name: "port" | "broker-port", fallback: number, most: number) => {
    const value = Number(values[name] ?? fallback);
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    problems.push(`--${name} ${values[name]} is not a whole number from 1 to ${most}`);
    return fallback;
  };
  const ratePerSecond = values.rate === undefined ? undefined : Number(values.rate);
  if (ratePerSecond !== undefined && !(ratePerSecond > 0 && ratePerSecond <= 1_000_000)) {
    problems.push(`--rate ${values.rate} is not a number above 0`);
  }
  const httpPort = integer("port", defaults.httpPort, 65_532);
  const brokerPort = integer("broker-port", defaults.brokerPort, 65_535);
  const broker = chooseBroker(values.broker, environment["KAFKA_BROKERS"]?.trim(), brokerPort, problems);
  if (problems.length > 0) throw new UsageError(problems);
  const dataFolder = resolve(values.data ?? defaultDataFolder);
  return { files, ratePerSecond, dataFolder, broker, httpPort, exits: values.exit === true };
}

const options = {
  orders: { type: "string", multiple: true },
  rate: { type: "string" },
  data: { type: "string" },
  broker: { type: "string" },
  port: { type: "string" },
  "broker-port": { type: "string" },
  exit: { type: "boolean" },
} as const;

/** What follows the first file of --orders are files too. */
function split(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError([(error as Error).message]);
  }
}

function chooseBroker(
  named: string | undefined,
  given: string | undefined,
  port: number,
  problems: string[],
): BrokerChoice {
  if (named === "embedded") return { kind: "embedded", port };
  if (named === "kafka") return { kind: "kafka" };
  const brokers = named ?? given;
  if (!brokers) return { kind: "embedded", port };
  if (!brokers.split(",").every((each) => /^.+:\d{1,5}$/.test(each.trim()))) {
    problems.push(`--broker ${brokers} is neither embedded, kafka nor HOST:PORT`);
  }
  return { kind: "given", brokers };
}
