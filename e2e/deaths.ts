// For tests only.
import assert from "node:assert/strict";
import type { FaultPoint } from "#bus/fault-hook.ts";
import type { Service } from "#contracts/topics.ts";
import { until } from "#kafka/testing.ts";
import { withEvidence } from "./evidence.ts";
import type { PlacedOrder, Shop } from "./shop.ts";

export const faultPoints = [
  "before-commit",
  "after-commit",
  "after-send",
  "after-report",
  "before-broker-commit",
] as const satisfies readonly FaultPoint[];

/** Far more than any point needs. */
const ordersAtMost = 700;

/**
 * Starts a service so that it dies at this point, places orders until it has, starts it again as it was, and places some more.
 * @param killAt see FAULT_KILL_AT
 */
export function placeAroundDeath(shop: Shop, service: Service, killAt: string): Promise<PlacedOrder[]> {
  return withEvidence(shop.processes, () => place(shop, service, killAt));
}

async function place(shop: Shop, service: Service, killAt: string): Promise<PlacedOrder[]> {
  const dying = await shop.processes.restart(service, { FAULT_KILL_AT: killAt });
  const again = dying.ended.then(async (end) => {
    assert.equal(end, "SIGKILL", dying.output());
    return shop.processes.restart(service);
  });
  const orders: PlacedOrder[] = [];
  while (!dying.hasEnded()) {
    // A slow broker may take them all before it gives the service the first.
    if (orders.length >= ordersAtMost) await until(`${service} to come to ${killAt}`, dying.hasEnded);
    // One kind of each; a request that intake died of is sent again until the next life of it answers.
    orders.push(...(await shop.placeMixed(7)));
  }
  const next = await again;
  orders.push(...(await shop.placeMixed(7)));
  assert.equal(next.hasEnded(), false, next.output());
  return orders;
}
