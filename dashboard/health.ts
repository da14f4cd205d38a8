import type { Now, Second, ServiceState } from "#contracts/live.ts";
import { type Service, services } from "#contracts/topics.ts";

export interface Health {
  readonly level: "good" | "slow" | "bad";
  readonly headline: string;
  /** What is wrong where, the worst first. */
  readonly troubles: readonly Trouble[];
}

export interface Trouble {
  readonly service: Service;
  readonly level: "slow" | "bad";
  readonly text: string;
}

/** More waiting messages than a busy service takes in about a second. */
const lagToNotice = 5_000;
/** A broker that is there takes messages in milliseconds. */
const outboxSecondsToNotice = 5;

/** Whether orders flow, and if not, where they stop. Pure. */
export function healthOf(now: Now, seconds: readonly Second[]): Health {
  const troubles = services
    .flatMap((service) => troublesOf(service, now.services[service]))
    .toSorted((a, b) => Number(a.level === "slow") - Number(b.level === "slow"));
  const [worst] = troubles;
  if (worst !== undefined) {
    const more = troubles.length > 1 ? `, and ${troubles.length - 1} more` : "";
    return { level: worst.level, headline: `${worst.text}${more}`, troubles };
  }
  const open = now.inFlight.received + now.inFlight.created;
  const recent = seconds.slice(-10);
  const accepted = recent.reduce((sum, second) => sum + second.accepted, 0) / Math.max(1, recent.length);
  const ended = recent.reduce((sum, { paid, rejected, cancelled }) => sum + paid + rejected + cancelled, 0);
  if (accepted === 0 && ended === 0 && open === 0)
    return { level: "good", headline: "Ready, and no orders just now", troubles };
  if (ended === 0 && open > 0) {
    return { level: "slow", headline: `${open} open orders, and none has ended for ${recent.length} s`, troubles };
  }
  return { level: "good", headline: "Flowing: orders end as they come", troubles };
}

function troublesOf(service: Service, figures: ServiceState): Trouble[] {
  const { state, detail = "", lag = 0, outboxAgeSeconds = 0, deadLetters = 0 } = figures;
  const name = service[0]?.toUpperCase() + service.slice(1);
  if (state === "down") return [{ service, level: "bad", text: `${name} is down: ${detail}` }];
  if (state === "refusing") return [{ service, level: "bad", text: `${name} is not ready: ${detail}` }];
  const troubles: Trouble[] = [];
  if (lag >= lagToNotice) {
    troubles.push({ service, level: "slow", text: `${name} is behind by ${lag.toLocaleString()} messages` });
  }
  if (outboxAgeSeconds >= outboxSecondsToNotice) {
    const text = `Messages of ${service} wait for the broker since ${Math.round(outboxAgeSeconds)} s`;
    troubles.push({ service, level: "slow", text });
  }
  if (deadLetters > 0) {
    const what = deadLetters === 1 ? "a message" : `${deadLetters.toLocaleString()} messages`;
    troubles.push({ service, level: "slow", text: `${name} has set ${what} aside: an operator has to decide` });
  }
  return troubles;
}
