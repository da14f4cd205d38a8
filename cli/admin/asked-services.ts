import { type Service, services } from "#contracts/topics.ts";
import { UsageError } from "../usage-error.ts";

/**
 * The services that a command line names.
 * @throws UsageError
 */
export function askedServices(names: readonly string[], fallback: readonly Service[]): readonly Service[] {
  const unknown = names.filter((name) => !isService(name));
  if (unknown.length > 0) {
    throw new UsageError(unknown.map((name) => `${name} is no service; services are ${services.join(", ")}`));
  }
  const asked = names.filter(isService);
  return asked.length > 0 ? asked : fallback;
}

const isService = (name: string): name is Service => services.some((service) => service === name);

/** @throws UsageError for what `parseArgs` does not understand */
export function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError([(error as Error).message]);
  }
}
