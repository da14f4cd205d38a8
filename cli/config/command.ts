import process from "node:process";
import { type Service, services } from "#contracts/topics.ts";
import { clientFeatures } from "#kafka/build/features.mjs";
import { secretVariables } from "#workers/secret-files.ts";
import { settingsInForce } from "#workers/settings-in-force.ts";
import { UsageError } from "../usage-error.ts";

export const configHelp = `orderwright config [SERVICE ...]

Prints what each service (default: all of ${services.join(", ")}) would run with in this environment, and all that is wrong with
it. It opens nothing. Secrets are not shown. Each of them may be given as a file, whose name is in the variable with _FILE:
${secretVariables.map((name) => `  ${name}_FILE`).join("\n")}

Exit code: 0 every service would start, 1 one would not, 2 the command line is not understood.`;

/** @throws UsageError */
export function configCommand(args: readonly string[]): Promise<number> {
  const asked = args.filter((name): name is Service => services.some((service) => service === name));
  const unknown = args.filter((name) => !asked.some((service) => service === name));
  if (unknown.length > 0) {
    throw new UsageError(unknown.map((name) => `${name} is no service; services are ${services.join(", ")}`));
  }
  let code = 0;
  for (const service of asked.length > 0 ? asked : services) {
    const { text, isWell } = configText(service, process.env);
    console.log(text);
    if (!isWell) code = 1;
  }
  return Promise.resolve(code);
}

function configText(service: Service, environment: Readonly<Record<string, string | undefined>>) {
  const { settings, problems } = settingsInForce(service, environment, clientFeatures());
  const width = Math.max(...settings.map(({ variable }) => variable.length));
  const lines = settings.map(({ variable, value, isDefault }) => {
    const shown = value ?? "-";
    return `  ${variable.padEnd(width)}  ${isDefault && value !== undefined ? `${shown} (default)` : shown}`;
  });
  return {
    text: [service, ...lines, ...problems.map((problem) => `  WRONG: ${problem}`)].join("\n"),
    isWell: problems.length === 0,
  };
}
