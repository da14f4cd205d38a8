import process from "node:process";
import type { Hono } from "hono";
import type { BatchHandler } from "#bus/batch-handler.ts";
import { type FaultHook, noFaults } from "#bus/fault-hook.ts";
import type { Log } from "#bus/log.ts";
import { type BusMetrics, createBusMetrics } from "#bus/metrics.ts";
import type { Recovery } from "#bus/recover/recovery.ts";
import { type Bus, startBus } from "#bus/start-bus.ts";
import type { EventType } from "#contracts/events.ts";
import type { Service } from "#contracts/topics.ts";
import type { Migration } from "#db/migrate.ts";
import { openStore, type Store } from "#db/open-store.ts";
import { createOperatorsApp } from "./admin/operators-app.ts";
import { problemResponse, unavailable } from "./http/problem.ts";
import type { ServiceAppOptions } from "./http/service-app.ts";
import { renderMetrics } from "./http/prometheus.ts";
import { type Keeping, runPurge } from "./purge.ts";
import { serve } from "./runtime.ts";
import type { Tracing } from "./tracing/tracing.ts";
import type { WorkerSettings } from "./worker-settings.ts";

/** What a service's own parts are built on. */
export interface WorkerParts extends ServiceAppOptions {
  readonly store: Store;
  readonly bus: Bus;
  readonly busMetrics: BusMetrics;
  /** What operators must show; undefined: nothing is served to them. */
  readonly adminToken: string | undefined;
  /** Aborts when the worker stops: ends what waits, not what writes. */
  readonly signal: AbortSignal;
}

export interface WorkerOptions<K extends EventType> {
  readonly settings: WorkerSettings;
  readonly migrations: readonly Migration[];
  readonly handler: BatchHandler<K>;
  readonly recovery: Recovery<K>;
  readonly keeping: Keeping;
  readonly createApp: (parts: WorkerParts) => Hono | Promise<Hono>;
  /** It is of use while the broker is away, so only a refusal to consume makes it not ready. */
  readonly isReadyWithoutBroker?: true;
  /** What goes on beside messages and requests, until the parts' signal aborts. */
  readonly background?: (parts: WorkerParts) => Promise<void>;
  /** Stops the worker. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly faultHook?: FaultHook;
  /** Undefined: nothing is traced. */
  readonly tracing?: Tracing | undefined;
}

/** Requests under way get so long to end; together with the bus a stop is a matter of seconds. */
const httpGraceMs = 2_000;

/**
 * Runs a service: store, bus and HTTP, until the signal aborts; ends when all of it has ended. It serves HTTP before it has
 * seen a broker.
 * @throws StoreError, or an Error that names the port that is taken
 */
export async function runWorker<K extends EventType>(options: WorkerOptions<K>): Promise<void> {
  const { settings, signal, log } = options;
  let app: Hono | undefined;
  const answer = (request: Request) => app?.fetch(request) ?? starting();
  // First of all, as it is what fails most: a port that is taken.
  const server = serve({
    host: settings.host,
    port: settings.port,
    fetch: options.tracing?.fetch(answer) ?? answer,
  });
  try {
    const store = await openStore({ ...settings.store, migrations: options.migrations }, signal);
    try {
      const parts = await startParts(options, store);
      try {
        app = await options.createApp(parts);
        log({ level: "info", message: "listening", host: settings.host, port: server.port, store: store.id });
        await Promise.all([aborted(signal), options.background?.(parts), purge(options, parts)]);
        await server.stop(httpGraceMs);
      } finally {
        await parts.bus.stop();
      }
    } finally {
      await store.close();
    }
  } finally {
    await server.stop(0);
    await options.tracing?.end().catch(() => undefined);
  }
  log({ level: "info", message: "stopped" });
}

async function startParts<K extends EventType>(options: WorkerOptions<K>, store: Store): Promise<WorkerParts> {
  const { settings, tracing, signal, log, faultHook = noFaults } = options;
  const handler = tracing?.handler(options.handler) ?? options.handler;
  const { service, instanceId, client, bearerToken, adminToken } = settings;
  const metrics = createBusMetrics();
  const bus = await startBus({
    handler,
    store,
    client,
    settings: settings.bus,
    instanceId,
    metrics,
    log,
    faultHook,
    onSent: tracing?.sent,
  });
  const waiting = options.isReadyWithoutBroker ? () => [] : createWaitingWatch(metrics);
  return {
    store,
    bus,
    signal,
    bearerToken,
    adminToken,
    admin:
      adminToken === undefined
        ? undefined
        : createOperatorsApp(adminToken, {
            ...options,
            store,
            address: settings.store,
            bus,
          }),
    log,
    busMetrics: metrics,
    notReady: () => [...(signal.aborted ? ["the service is stopping"] : []), ...refusalOf(bus), ...waiting()],
    metrics: () => renderMetrics(service, metrics),
  };
}

function purge<K extends EventType>({ settings, keeping, log }: WorkerOptions<K>, parts: WorkerParts): Promise<void> {
  const { store, busMetrics, signal } = parts;
  const onPurged = (kind: string, rows: number) => {
    busMetrics.purged.set(kind, (busMetrics.purged.get(kind) ?? 0) + rows);
  };
  return runPurge({ store, keeping, settings: settings.keeping, onPurged, nowMs: () => Date.now(), log, signal });
}

const starting = () => problemResponse(unavailable("The service is starting", 1).details);

function refusalOf(bus: Bus): string[] {
  const refusal = bus.refusal();
  return refusal === undefined ? [] : [refusal.message];
}

/** A shorter wait is none that a request would notice: a leader is elected, a batch is tried again. */
const waitingGraceMs = 3_000;

/** Says since when consuming waits: at once until it has begun, then after the grace. */
function createWaitingWatch(metrics: Pick<BusMetrics, "waitingSinceMs">): () => string[] {
  let hasBegun = false;
  return () => {
    const { waitingSinceMs } = metrics;
    hasBegun ||= waitingSinceMs === 0;
    if (waitingSinceMs === 0 || (hasBegun && Date.now() - waitingSinceMs < waitingGraceMs)) return [];
    return [`consuming waits for the broker or the store since ${new Date(waitingSinceMs).toISOString()}`];
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** A log of JSON lines on standard output. */
export function jsonLog(service: Service, instanceId: string): Log {
  return (entry) => {
    process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), service, instanceId, ...entry })}\n`);
  };
}
