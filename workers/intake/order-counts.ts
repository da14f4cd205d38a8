import { family } from "../http/prometheus.ts";
import { ProblemError } from "../http/problem.ts";
import type { Admission } from "./admission.ts";

/** Orders that were taken in, and requests that were not, for `/metrics`. */
export interface OrderCounts {
  accepted(count: number): void;
  /** The same admission, whose refusals are counted. */
  counted(admission: Admission): Admission;
  /** In Prometheus' text format. */
  render(): string;
}

export function createOrderCounts(): OrderCounts {
  let accepted = 0;
  // There from the beginning, so that the first refusal is seen as an increase.
  const refused = new Map<string, number>([
    ["too-many-orders", 0],
    ["unavailable", 0],
  ]);
  return {
    accepted: (count) => void (accepted += count),
    counted: (admission) => ({
      ...admission,
      async admit() {
        try {
          await admission.admit();
        } catch (error) {
          const kind = error instanceof ProblemError ? error.details.kind : "unavailable";
          refused.set(kind, (refused.get(kind) ?? 0) + 1);
          throw error;
        }
      },
    }),
    render() {
      const reasons = [...refused].map(([reason, count]) => [{ service: "intake", reason }, count] as const);
      const lines = [
        ...family("orderwright_orders_accepted_total", "counter", "Orders that were taken in", [
          [{ service: "intake" }, accepted],
        ]),
        ...family("orderwright_orders_refused_total", "counter", "Orders that were sent away with 429 or 503", reasons),
      ];
      return `${lines.join("\n")}\n`;
    },
  };
}
