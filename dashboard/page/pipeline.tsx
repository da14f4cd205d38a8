import type { ComponentChildren } from "preact";
import type { Now, ServiceState } from "#contracts/live.ts";
import { type Service, services } from "#contracts/topics.ts";
import { Link } from "./paths.tsx";

const marks = { ready: "●", refusing: "▲", down: "■", unknown: "○" } as const;
const words = { ready: "ready", refusing: "not ready", down: "down", unknown: "not known" } as const;
const tones = { ready: "good", refusing: "slow", down: "bad", unknown: "unknown" } as const;
const duties: Readonly<Record<Service, string>> = {
  intake: "takes orders, shows them",
  stock: "reserves and releases goods",
  order: "prices, decides, watches deadlines",
  payment: "charges and refunds",
};

/** The four services in the order in which an order meets them, with what waits at each. */
export function Pipeline({ now }: { now: Now | undefined }) {
  return (
    <section aria-labelledby="services">
      <h2 id="services" class="unseen">
        Services
      </h2>
      <ol class="pipeline">
        {services.map((service) => (
          <ServiceCard key={service} service={service} state={now?.services[service]} />
        ))}
      </ol>
    </section>
  );
}

function ServiceCard({ service, state }: { service: Service; state: ServiceState | undefined }) {
  const { lag, outboxRows, outboxAgeSeconds, deadLetters, detail } = state ?? {};
  const word = state?.state ?? "unknown";
  const isOld = (outboxAgeSeconds ?? 0) >= 1;
  return (
    <li class={`card service ${tones[word]}`}>
      <h3>{service}</h3>
      <p class="state">
        <span aria-hidden="true">{marks[word]}</span> {state === undefined ? "…" : words[word]}
      </p>
      <p class="muted">{detail ?? duties[service]}</p>
      <dl>
        <Row name="behind" value={lag} isNotable={(lag ?? 0) > 1_000} />
        <Row
          name="in the outbox"
          value={outboxRows}
          text={isOld ? `${outboxRows ?? 0}, since ${Math.round(outboxAgeSeconds ?? 0)} s` : undefined}
          isNotable={isOld}
        />
        <Row
          name="open dead letters"
          value={deadLetters}
          text={
            (deadLetters ?? 0) > 0 ? (
              <Link to={`/dead-letters?service=${service}`}>{deadLetters?.toLocaleString()}</Link>
            ) : undefined
          }
          isNotable={(deadLetters ?? 0) > 0}
        />
      </dl>
    </li>
  );
}

interface RowProps {
  readonly name: string;
  readonly value: number | undefined;
  readonly text?: ComponentChildren;
  readonly isNotable: boolean;
}

function Row({ name, value, text, isNotable }: RowProps) {
  return (
    <div class={isNotable ? "notable" : ""}>
      <dt>{name}</dt>
      <dd>{text ?? value?.toLocaleString() ?? "–"}</dd>
    </div>
  );
}
