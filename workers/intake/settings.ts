import type { EnvironmentReader } from "../environment.ts";
import type { AdmissionSettings } from "./admission.ts";

/** What intake is told beside what every worker is. */
export function readIntakeSettings(reader: EnvironmentReader): AdmissionSettings {
  return {
    // Some seconds of work at full speed; each holds a few kilobytes of an embedded broker's memory.
    ordersInFlightAtMost: reader.integer("ORDERS_IN_FLIGHT_MAX", 20_000, 1, 10_000_000),
    // A broker may be away for so long before customers notice.
    outboxAgeAtMostMs: reader.integer("OUTBOX_AGE_MAX_MS", 5 * 60_000, 1_000, 7 * 24 * 60 * 60_000),
  };
}
