import { StoreError } from "#db/errors.ts";
import { ProblemError, unavailable } from "../http/problem.ts";

export interface AdmissionSettings {
  /** Orders without an end: they bound what broker and workers have to hold. */
  readonly ordersInFlightAtMost: number;
  /** How long the oldest message may wait for the broker before no more are taken. */
  readonly outboxAgeAtMostMs: number;
}

export interface AdmissionOptions extends AdmissionSettings {
  countInFlight(): Promise<number>;
  outboxAgeMs(): number;
  /** Why the service does not consume: what it has may not be all that it had accepted, and a repeated request a new order. */
  refusal(): string | undefined;
  /** The clock, epoch ms. */
  nowMs(): number;
}

/** Says whether one more order can be taken. */
export interface Admission {
  /**
   * Counts the order in, or refuses it.
   * @throws ProblemError 429 or 503, with Retry-After
   */
  admit(): Promise<void>;
  /** An order that was admitted is in the store, or never will be. */
  settled(): void;
  /** The store did not take what it was given: none is admitted for a moment. */
  storeFailed(error: unknown): void;
  /** Why no order is admitted now; empty when they are. */
  notReady(): string[];
}

/** A count is one index scan: often enough to follow thousands of orders a second, and no load. */
const countEveryMs = 200;
/** After this the count says nothing: the first order after a quiet time waits for a new one. */
const countStaleMs = 2_000;
/** As long as this a failed store is left alone, so that its trouble costs each client one quick answer. */
const closedAfterFailureMs = 1_000;

export function createAdmission(options: AdmissionOptions): Admission {
  const { ordersInFlightAtMost, outboxAgeAtMostMs, nowMs, outboxAgeMs } = options;
  let counted = 0;
  let countedAtMs = Number.NEGATIVE_INFINITY;
  let counting: Promise<void> | undefined;
  // Admitted since before the last count began: it may or may not have seen them, so they count, never too few.
  let sinceCount = 0;
  let pending = 0;
  let closedUntilMs = 0;

  async function recount(): Promise<void> {
    const before = sinceCount;
    const pendingBefore = pending;
    const inFlight = await options.countInFlight();
    counted = inFlight;
    sinceCount = sinceCount - before + pendingBefore;
    countedAtMs = nowMs();
  }

  function refresh(): Promise<void> {
    counting ??= recount().finally(() => (counting = undefined));
    return counting;
  }

  function refusal(): ProblemError | undefined {
    const refused = options.refusal();
    if (refused !== undefined) return unavailable(refused, 60);
    if (nowMs() < closedUntilMs) return unavailable("The store did not take the last orders", 1);
    const ageMs = outboxAgeMs();
    if (ageMs > outboxAgeAtMostMs) {
      return unavailable(`Orders have been waiting for the broker for ${Math.round(ageMs / 1000)} s`, 10);
    }
    if (counted + sinceCount < ordersInFlightAtMost) return undefined;
    const detail = `${ordersInFlightAtMost} orders are in flight: no more are taken before some of them end`;
    const headers = { "retry-after": "1" };
    return new ProblemError({ kind: "too-many-orders", status: 429, title: "Too many orders", detail, headers });
  }

  return {
    async admit() {
      const ageMs = nowMs() - countedAtMs;
      if (ageMs > countStaleMs) await refresh();
      // A count that fails leaves the old one, and the next request tries again.
      else if (ageMs > countEveryMs) refresh().catch(() => undefined);
      const refused = refusal();
      if (refused !== undefined) throw refused;
      sinceCount += 1;
      pending += 1;
    },
    settled() {
      pending -= 1;
    },
    storeFailed(error) {
      const failed = error instanceof StoreError && (error.kind === "transient" || error.kind === "commit-unknown");
      if (failed) closedUntilMs = nowMs() + closedAfterFailureMs;
    },
    notReady() {
      const refused = refusal();
      return refused === undefined ? [] : [refused.message];
    },
  };
}
