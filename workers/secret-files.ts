import { readFileSync } from "node:fs";
import type { Environment } from "./environment.ts";

/** Never shown. Each may be given as a file instead, named by the variable with _FILE: an orchestrator's secrets are files. */
export const secretVariables = [
  "KAFKA_SASL_PASSWORD",
  "KAFKA_TLS_KEY_PASSWORD",
  "HTTP_TOKEN",
  "ADMIN_TOKEN",
  "STORE_AUTH_TOKEN",
] as const;

export interface ReadSecrets {
  /** With the contents of the files under the names of the secrets; without the names of the files. */
  readonly environment: Environment;
  /** The file that each secret came from. */
  readonly files: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
}

interface Reading {
  /** Default: those of the services. */
  readonly secrets?: readonly string[];
  readonly readFile?: (file: string) => string;
}

/** Takes secrets from the files that the environment names. A file's last line end is not part of the secret. */
export function readSecretFiles(
  given: Environment,
  { secrets = secretVariables, readFile = (file) => readFileSync(file, "utf8") }: Reading = {},
): ReadSecrets {
  const environment: Record<string, string | undefined> = { ...given };
  const files = new Map<string, string>();
  const problems: string[] = [];
  for (const variable of secrets) {
    const fileVariable = `${variable}_FILE`;
    const file = given[fileVariable]?.trim();
    delete environment[fileVariable];
    if (!file) continue;
    if (given[variable]?.trim()) {
      problems.push(`${variable} and ${fileVariable} are both set: which one is meant?`);
      continue;
    }
    try {
      const secret = readFile(file).replace(/\r?\n$/, "");
      if (secret.trim() === "") problems.push(`${fileVariable}: ${file} is empty`);
      environment[variable] = secret;
      files.set(variable, file);
    } catch (error) {
      // Set to something, so that nobody is told that it is missing as well.
      environment[variable] = "unreadable";
      problems.push(
        `${fileVariable}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`,
      );
    }
  }
  return { environment, files, problems };
}
