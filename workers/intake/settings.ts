import { type Service, services } from "#contracts/topics.ts";
import type { EnvironmentReader } from "../environment.ts";
import type { AdmissionSettings } from "./admission.ts";
import type { WatchdogSettings } from "./watchdog/watchdog.ts";

export interface IntakeSettings extends AdmissionSettings, WatchdogSettings {
  /** How long after its payment an order may still be cancelled, ms. */
  readonly cancelWindowMs: number;
  /** Where the other services are, for who watches; one that is not given is shown as not known. */
  readonly serviceUrls: Readonly<Partial<Record<Service, string>>>;
  /** Where the process listens that runs a shop for trying; undefined: this is none. */
  readonly demoControlUrl: string | undefined;
}

function readServiceUrls(reader: EnvironmentReader): IntakeSettings["serviceUrls"] {
  const urls: Partial<Record<Service, string>> = {};
  for (const service of services) {
    const variable = `${service.toUpperCase()}_URL`;
    const url = service === "intake" ? undefined : reader.optional(variable);
    if (url === undefined) continue;
    if (!/^https?:\/\/[^/\s]+\/?$/.test(url)) reader.problem(`${variable} is "${url}": give http://HOST:PORT`);
    urls[service] = url.replace(/\/$/, "");
  }
  return urls;
}

/** What intake is told beside what every worker is. */
export function readIntakeSettings(reader: EnvironmentReader): IntakeSettings {
  return {
    // Some seconds of work at full speed; each holds a few kilobytes of an embedded broker's memory.
    ordersInFlightAtMost: reader.integer("ORDERS_IN_FLIGHT_MAX", 20_000, 1, 10_000_000),
    // A broker may be away for so long before customers notice.
    outboxAgeAtMostMs: reader.integer("OUTBOX_AGE_MAX_MS", 5 * 60_000, 1_000, 7 * 24 * 60 * 60_000),
    // Some looks pass until an order is followed through all services.
    watchdogIntervalMs: reader.integer("WATCHDOG_INTERVAL_MS", 5_000, 10, 600_000),
    // Thousands of times what an order takes, and before a customer calls.
    stuckAfterMs: reader.integer("STUCK_AFTER_MS", 30_000, 10, 24 * 60 * 60_000),
    // Before a parcel is packed; 0: what is paid stays paid. Rows of orders outlive the longest.
    cancelWindowMs: reader.integer("CANCEL_WINDOW_MS", 60 * 60_000, 0, 30 * 24 * 60 * 60_000),
    serviceUrls: readServiceUrls(reader),
    demoControlUrl: reader.optional("DEMO_CONTROL_URL"),
  };
}
