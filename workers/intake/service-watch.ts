import type { ServiceState } from "#contracts/live.ts";
import { type Service, services } from "#contracts/topics.ts";
import { askService, type ServiceAnswer } from "./ask-service.ts";
import { readFigures } from "./read-figures.ts";

/** How the four services are, by what each says of itself. */
export interface ServiceWatch {
  /** Asks all of them, at most once at a time. Never rejects. */
  look(): Promise<void>;
  states(): Readonly<Record<Service, ServiceState>>;
}

export interface ServiceWatchOptions {
  /** Where the others are; one without an address is `unknown`. */
  readonly urls: Readonly<Partial<Record<Service, string>>>;
  readonly bearerToken: string | undefined;
  /** What this one would answer. */
  readonly own: () => ServiceAnswer;
}

export function createServiceWatch({ urls, bearerToken, own }: ServiceWatchOptions): ServiceWatch {
  const states: Record<Service, ServiceState> = {
    intake: { state: "ready" },
    stock: { state: "unknown" },
    order: { state: "unknown" },
    payment: { state: "unknown" },
  };
  let looking: Promise<void> | undefined;

  async function lookAt(service: Service): Promise<void> {
    const url = urls[service];
    if (service === "intake") states.intake = stateOf(own());
    else if (url !== undefined) states[service] = stateOf(await askService(url, bearerToken));
  }

  return {
    look() {
      looking ??= Promise.all(services.map(lookAt)).then(() => void (looking = undefined));
      return looking;
    },
    states: () => states,
  };
}

function stateOf(answer: ServiceAnswer): ServiceState {
  if (!answer.isThere) return { state: "down", detail: answer.detail };
  const [reason] = answer.notReady;
  const figures = readFigures(answer.metrics);
  return reason === undefined ? { state: "ready", ...figures } : { state: "refusing", detail: reason, ...figures };
}
