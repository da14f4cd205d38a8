import { setTimeout as delay } from "node:timers/promises";
import { sql } from "drizzle-orm";
import { type Service, services } from "#contracts/topics.ts";
import type { AuditStores, Snapshots } from "./stores.ts";

/** How far one instance of a service has published, and how far all groups have read it. */
export interface Mark {
  readonly service: Service;
  readonly instanceId: string;
  readonly isRunning: boolean;
  /** Of its last outbox row; 0 without one. */
  readonly lastSeq: number;
  /** Every group that reads the rows up to here has committed past them, in its own store first. */
  readonly readSeq: number;
}

/** The high watermarks of all outboxes, in the snapshots that rows are read from. */
export async function readMarks(stores: Snapshots): Promise<Mark[]> {
  const marks: Mark[] = [];
  for (const service of services) {
    const found = await stores[service].all<{
      instanceId: string;
      running: number;
      lastSeq: number;
      readSeq: number;
    }>(sql`
      SELECT instance_id AS instanceId, running, read_seq AS readSeq,
        coalesce((SELECT max(seq) FROM outbox WHERE outbox.instance_id = instances.instance_id), 0) AS lastSeq
      FROM instances`);
    for (const { running, ...mark } of found) marks.push({ service, ...mark, isRunning: running === 1 });
  }
  return marks;
}

/** Which of these orders have a message that not all who read it have read. */
export async function ordersUnderWay(
  stores: Snapshots,
  marks: readonly Mark[],
  orderIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const ids = JSON.stringify(orderIds);
  const found = new Set<string>();
  for (const { service, instanceId, lastSeq, readSeq } of marks) {
    if (lastSeq <= readSeq) continue;
    const unread = await stores[service].all<{ orderId: string }>(sql`
      SELECT DISTINCT CAST(key AS TEXT) AS orderId FROM outbox
      WHERE instance_id = ${instanceId} AND seq > ${readSeq} AND CAST(key AS TEXT) IN (SELECT value FROM json_each(${ids}))`);
    for (const { orderId } of unread) found.add(orderId);
  }
  return found;
}

const lookEveryMs = 100;

export interface ReadSoFar {
  /** As last looked at. */
  readonly marks: readonly Mark[];
  /** Those that are not read up to where they were asked to be. */
  readonly unread: readonly Mark[];
}

/**
 * Waits until everything up to these marks is read by all. Gives up when no process runs that could read on, or when nothing
 * has moved for a while.
 */
export async function untilRead(
  stores: AuditStores,
  marks: readonly Mark[],
  patienceMs: number,
  signal: AbortSignal,
): Promise<ReadSoFar> {
  let lastProgress = "";
  let movedAtMs = performance.now();
  for (;;) {
    const now = await stores.snapshots(signal, readMarks);
    const unread = now.filter(({ service, instanceId, readSeq }) => {
      return marks.some((mark) => mark.service === service && mark.instanceId === instanceId && mark.lastSeq > readSeq);
    });
    if (unread.length === 0 || !now.some(({ isRunning }) => isRunning)) return { marks: now, unread };
    const progress = now.map(({ readSeq }) => readSeq).join();
    if (progress !== lastProgress) movedAtMs = performance.now();
    lastProgress = progress;
    if (performance.now() - movedAtMs > patienceMs) return { marks: now, unread };
    await delay(lookEveryMs, undefined, { signal });
  }
}
