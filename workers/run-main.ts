import process from "node:process";
import type { FaultHook } from "#bus/fault-hook.ts";
import type { EventType } from "#contracts/events.ts";
import type { Service } from "#contracts/topics.ts";
import { clientFeatures } from "#kafka/build/features.mjs";
import { EnvironmentError, type EnvironmentReader } from "./environment.ts";
import { readKillAt } from "./kill-at.ts";
import { stopSignal } from "./runtime.ts";
import { readSecretFiles } from "./secret-files.ts";
import { jsonLog, runWorker, type WorkerOptions } from "./start-worker.ts";
import { openTracing } from "./tracing/open-tracing.ts";
import { workerSettings } from "./worker-settings.ts";

type ServiceParts<K extends EventType> = Pick<
  WorkerOptions<K>,
  "migrations" | "handler" | "recovery" | "keeping" | "createApp" | "background" | "isReadyWithoutBroker"
>;

/** Runs a service as this process: settings from its environment, until it is asked to stop. */
export async function runMain<K extends EventType, T>(
  service: Service,
  readOwn: (reader: EnvironmentReader) => T,
  partsOf: (own: T) => ServiceParts<K>,
): Promise<void> {
  try {
    const { environment, problems } = readSecretFiles(process.env);
    const readAll = (reader: EnvironmentReader): { own: T; faultHook: FaultHook } => {
      problems.forEach((problem) => reader.problem(problem));
      return { own: readOwn(reader), faultHook: readKillAt(reader) };
    };
    const { worker, own } = workerSettings(service, environment, clientFeatures(), readAll);
    const log = jsonLog(service, worker.instanceId);
    const tracing = await openTracing(service, worker.instanceId, environment);
    const common = { settings: worker, faultHook: own.faultHook, signal: stopSignal(), log, tracing };
    await runWorker({ ...common, ...partsOf(own.own) });
    // What a library left open, a timer say, must not keep a worker that has stopped.
    process.exit(0);
  } catch (error) {
    const problems =
      error instanceof EnvironmentError ? error.problems : [error instanceof Error ? error.message : String(error)];
    for (const problem of problems) process.stderr.write(`${service}: ${problem}\n`);
    process.exit(1);
  }
}
