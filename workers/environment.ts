/** Settings of a worker, read from an environment: each problem is kept, so that a person sees all of them at once. */
export interface EnvironmentReader {
  text(variable: string, fallback: string): string;
  optional(variable: string): string | undefined;
  /** A whole number from `min` to `max`. */
  integer(variable: string, fallback: number, min: number, max: number): number;
  /** Runs a part that throws an error with `problems`; its problems are kept too. */
  part<T>(read: () => T): T | undefined;
  problem(text: string): void;
  /** Each variable that was asked for, in that order. */
  read(): readonly ReadSetting[];
  /** @throws EnvironmentError with all problems, when there are any */
  check(): void;
}

export interface ReadSetting {
  readonly variable: string;
  /** As a person would write it; undefined: there is none. */
  readonly value: string | undefined;
  readonly isDefault: boolean;
}

export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

export function createEnvironmentReader(environment: Environment): EnvironmentReader {
  const problems: string[] = [];
  const asked = new Map<string, ReadSetting>();
  const lookUp = (variable: string, fallback?: string): string | undefined => {
    const text = environment[variable]?.trim() || undefined;
    asked.set(variable, { variable, value: text ?? fallback, isDefault: text === undefined });
    return text;
  };
  return {
    optional: (variable) => lookUp(variable),
    text: (variable, fallback) => lookUp(variable, fallback) ?? fallback,
    integer(variable, fallback, min, max) {
      const text = lookUp(variable, String(fallback));
      if (text === undefined) return fallback;
      const value = Number(text);
      if (Number.isInteger(value) && value >= min && value <= max) return value;
      problems.push(`${variable} is "${text}", not a whole number from ${min} to ${max}`);
      return fallback;
    },
    part(read) {
      try {
        return read();
      } catch (error) {
        if (!(error instanceof Error && "problems" in error && Array.isArray(error.problems))) throw error;
        problems.push(...error.problems.map(String));
        return undefined;
      }
    },
    problem: (text) => void problems.push(text),
    read: () => [...asked.values()],
    check() {
      if (problems.length > 0) throw new EnvironmentError(problems);
    },
  };
}
