import type { ClosedLoop, OpenLoop, Phase } from "../load/phase.ts";
import { type LoadedPhase, runLoad } from "./load-process.ts";
import { type Shop, storePathIn } from "./shop.ts";
import { requireAllEnded, requireExpectedEnds } from "./verify.ts";
import type { Workload } from "./workloads.ts";

/**
 * As many as keep the orders in flight that a closed loop asks for. With 200 all of them waited for an answer at full load, which
 * held the orders in flight to some 600 of 2,000; batches were half as large and an order cost a seventh more CPU.
 */
export const connections = 600;
const settleWithinMs = 60_000;

/** Posts a workload's orders in phases. */
export interface Loader {
  /**
   * Runs a phase; the keys of its orders begin with `keyPrefix`.
   * @throws RunFailedError when one of its orders was refused, or has not ended as it must
   */
  (keyPrefix: string, how: ClosedLoop | OpenLoop, rampMs: number): Promise<LoadedPhase>;
  /** Posted so far. */
  orders(): number;
}

export function createLoader(shop: Shop, workload: Workload, folder: string): Loader {
  let orders = 0;
  const bodies = workload.orders.map(({ request }) => JSON.stringify(request));
  const expected = workload.orders.map((order) => order.expected);
  const storePath = storePathIn(folder, "intake");
  const load = async (keyPrefix: string, how: ClosedLoop | OpenLoop, rampMs: number): Promise<LoadedPhase> => {
    const phase: Phase = {
      port: shop.ports.intake,
      storePath,
      bodies,
      firstBody: orders % bodies.length,
      keyPrefix,
      connections,
      load: how,
      settleWithinMs,
    };
    const loaded = await runLoad(shop, phase, rampMs, folder);
    requireAllEnded(loaded.report);
    requireExpectedEnds(storePath, loaded.report.orders, expected);
    orders += loaded.report.orders.length;
    return loaded;
  };
  return Object.assign(load, { orders: () => orders });
}
