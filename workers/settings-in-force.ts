import { busSettingsTable } from "#bus/settings.ts";
import type { Service } from "#contracts/topics.ts";
import { type ClientFeatures, clientVariables } from "#kafka/settings.ts";
import { type Environment, EnvironmentError, type EnvironmentReader, type ReadSetting } from "./environment.ts";
import { readIntakeSettings } from "./intake/settings.ts";
import { readOrderSettings } from "./order/settings.ts";
import { readSecretFiles, secretVariables } from "./secret-files.ts";
import { workerSettings } from "./worker-settings.ts";

/** What a service would run with. */
export interface SettingsInForce {
  /** Secrets are not shown, only that they are set, and by which file. */
  readonly settings: readonly ReadSetting[];
  /** Empty: it would start. */
  readonly problems: readonly string[];
}

const readOwn: Readonly<Record<Service, (reader: EnvironmentReader) => unknown>> = {
  intake: readIntakeSettings,
  stock: () => undefined,
  order: readOrderSettings,
  payment: () => undefined,
};

export function settingsInForce(service: Service, given: Environment, features: ClientFeatures): SettingsInForce {
  const { environment, files, problems } = readSecretFiles(given);
  let read: readonly ReadSetting[] = [];
  const readAll = (reader: EnvironmentReader) => {
    problems.forEach((problem) => reader.problem(problem));
    readOwn[service](reader);
    read = reader.read();
  };
  const found = problemsOf(() => workerSettings(service, environment, features, readAll));
  const isSecret = (variable: string) => secretVariables.some((secret) => secret === variable);
  const all = [...kafkaSettings(environment), ...read].map((setting) => {
    const { variable, value } = setting;
    if (value === undefined) return setting;
    if (!isSecret(variable)) return { ...setting, value: withoutPassword(value) };
    const file = files.get(variable);
    return { ...setting, value: file === undefined ? "(hidden)" : `(hidden, from ${file})` };
  });
  return { settings: all, problems: found };
}

/** As kafka/ and bus/ read them, which know no reader. */
function kafkaSettings(environment: Environment): ReadSetting[] {
  const given = (variable: string) => environment[variable]?.trim() || undefined;
  return [
    ...clientVariables.map(({ variable, fallback }) => {
      return { variable, value: given(variable) ?? fallback, isDefault: given(variable) === undefined };
    }),
    ...Object.values(busSettingsTable).map(({ variable, fallback }) => {
      return { variable, value: given(variable) ?? String(fallback), isDefault: given(variable) === undefined };
    }),
  ];
}

/** What is before an @, or in a query, may be a password that somebody put there. */
function withoutPassword(value: string): string {
  return value.replaceAll(/[^\s,/]*@/g, "(hidden)@").replace(/\?.*/, "?(hidden)");
}

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
    return [];
  } catch (error) {
    if (error instanceof EnvironmentError) return error.problems;
    throw error;
  }
}
