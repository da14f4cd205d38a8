import { parseArgs } from "node:util";
import { permissionsOf } from "#contracts/permissions.ts";
import { type Service, services } from "#contracts/topics.ts";
import { UsageError } from "../usage-error.ts";
import { aclCommands, type AclForm } from "./acl-commands.ts";

export const aclHelp = `orderwright acl [SERVICE ...] [--form rpk|kafka-acls] [--user-prefix PREFIX] [--brokers HOST:PORT]

Prints the commands that give each service (default: all of ${services.join(", ")}) the rights at the broker that it needs,
and no others. They come from the contracts: who writes and reads which topic. Nothing is changed: read them, then run them.

  --form rpk             for Redpanda's rpk (the default)
  --form kafka-acls      for Apache Kafka's kafka-acls.sh; add --command-config FILE where it must log in
  --user-prefix PREFIX   the services' users are PREFIX and the service's name (default: orderwright-)
  --brokers HOST:PORT    for kafka-acls (default: localhost:9092)

Topics are made by "orderwright topics", as somebody who may create them: the services may not.
Exit code: 0 printed, 2 the command line is not understood.`;

/** @throws UsageError */
export function aclCommand(args: readonly string[]): Promise<number> {
  const { asked, form, prefix, brokers } = parseOptions(args);
  for (const service of asked) {
    const commands = aclCommands(service, { form, brokers, userOf: (name) => prefix + name });
    for (const [index, { reason }] of permissionsOf(service).entries()) {
      console.log(`# ${service}: ${reason}`);
      console.log((commands[index] ?? []).map(quoted).join(" "));
    }
  }
  return Promise.resolve(0);
}

const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

const options = {
  form: { type: "string" },
  "user-prefix": { type: "string" },
  brokers: { type: "string" },
} as const;

function parseOptions(args: readonly string[]) {
  const { values, positionals } = parsed(args);
  const problems: string[] = [];
  const asked = positionals.filter((name): name is Service => services.some((service) => service === name));
  const unknown = positionals.filter((name) => !asked.some((service) => service === name));
  problems.push(...unknown.map((name) => `${name} is no service; services are ${services.join(", ")}`));
  const form = values.form ?? "rpk";
  if (!isForm(form)) problems.push(`--form ${form} is neither rpk nor kafka-acls`);
  if (problems.length > 0 || !isForm(form)) throw new UsageError(problems);
  return {
    asked: asked.length > 0 ? asked : services,
    form,
    prefix: values["user-prefix"] ?? "orderwright-",
    brokers: values.brokers ?? "localhost:9092",
  };
}

const isForm = (text: string): text is AclForm => text === "rpk" || text === "kafka-acls";

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError([(error as Error).message]);
  }
}
