/** What the load client is told, as one JSON file. Times in ms. */
export interface Phase {
  readonly port: number;
  /** Intake's store, only read: what it shows of an order is what anybody could see of it. */
  readonly storePath: string;
  /** Bodies of `POST /orders`, sent in turn. */
  readonly bodies: readonly string[];
  /** The bodies are sent from this one on. */
  readonly firstBody: number;
  /** Makes the Idempotency-Keys of this phase its own. */
  readonly keyPrefix: string;
  readonly connections: number;
  readonly load: ClosedLoop | OpenLoop;
  /** So long orders get to end after the last was sent. */
  readonly settleWithinMs: number;
}

/** As many orders as are ended, in a given number at a time: finds the most that the saga can do. */
export interface ClosedLoop {
  readonly kind: "closed";
  readonly inFlightAtMost: number;
  readonly durationMs: number;
}

/** A fixed rate, whatever the answers: finds how long orders take at it. */
export interface OpenLoop {
  readonly kind: "open";
  readonly ratePerSecond: number;
  readonly durationMs: number;
}

/** An order as the client saw it. Moments in epoch ms, with fractions. */
export interface LoadedOrder {
  readonly orderId: string;
  /** Index of its body. */
  readonly body: number;
  /** When it was to be sent: in an open loop by the schedule, else when it was. */
  readonly intendedAtMs: number;
  readonly answeredAtMs: number;
  /** When intake first showed its end; null: it was not seen to end. */
  readonly endedAtMs: number | null;
}

export interface PhaseReport {
  readonly orders: readonly LoadedOrder[];
  /** Requests that were not answered with 202: how many, and the first answer. */
  readonly refused: number;
  readonly firstRefusal: string | null;
  readonly unanswered: number;
}
