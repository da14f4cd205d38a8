// For tests only.
import assert from "node:assert/strict";
import process from "node:process";
import * as z from "zod";
import { services } from "#contracts/topics.ts";
import { dlqCommand } from "../cli/dlq/command.ts";
import type { Processes } from "./processes.ts";

export const adminEnvironment = { ADMIN_TOKEN: "for operators only" };

/** What the command said of a letter. */
const closed = z.array(z.object({ letter: z.string(), outcome: z.string(), effect: z.string() }));
export type Said = z.infer<typeof closed>[number];

export interface Operators {
  /** Runs `orderwright dlq` with these arguments; gives its exit code and what it wrote. */
  dlq(...args: readonly string[]): Promise<{ readonly code: number; readonly text: string }>;
  /** The same with `--json`, of a command that closes letters. */
  close(...args: readonly string[]): Promise<Said[]>;
}

export function createOperators(processes: Processes): Operators {
  process.env["ORDERWRIGHT_ADMIN_TOKEN"] = adminEnvironment.ADMIN_TOKEN;
  const access = services.flatMap((service) => ["--url", `${service}=${processes.worker(service).url}`]);
  const operators: Operators = {
    async dlq(...args) {
      const written: string[] = [];
      const write = (text: string) => void written.push(text);
      const code = await dlqCommand([...args, ...access], { write, complain: write, width: Number.POSITIVE_INFINITY });
      return { code, text: written.join("\n") };
    },
    async close(...args) {
      const { text } = await operators.dlq(...args, "--json");
      try {
        return closed.parse(JSON.parse(text));
      } catch (cause) {
        return assert.fail(`orderwright dlq ${args.join(" ")} wrote ${text} (${String(cause)})`);
      }
    },
  };
  return operators;
}
