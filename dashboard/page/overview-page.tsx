import { useMemo, useRef, useState } from "preact/hooks";
import type { Now, Second } from "#contracts/live.ts";
import { type Health, healthOf } from "../health.ts";
import { durationText } from "./moments.ts";
import { LatestOrders } from "./latest-orders.tsx";
import { Notice } from "./notice.tsx";
import { Pipeline } from "./pipeline.tsx";
import { Plot } from "./plot.tsx";
import { Reasons } from "./reasons.tsx";
import { createHistory, durationsOf, ratesOf } from "./second-history.ts";
import { useFeed } from "./use-feed.ts";

/** Intake says something every second. */
const quietMs = 8_000;

export function OverviewPage() {
  const history = useRef(createHistory());
  const [seconds, setSeconds] = useState<readonly Second[]>([]);
  const [now, setNow] = useState<Now>();
  const state = useFeed("/events", quietMs, ({ event, data }) => {
    if (event === "seconds") setSeconds(history.current.add(data as Second[]));
    if (event === "now") setNow(data as Now);
  });
  const rates = useMemo(() => ratesOf(seconds), [seconds]);
  const durations = useMemo(() => durationsOf(seconds), [seconds]);
  const health = now === undefined ? undefined : healthOf(now, seconds);
  const isLive = state === "live";
  return (
    <>
      <h1 class="unseen">Overview</h1>
      <Notice state={state} />
      <Headline health={health} isLive={isLive || state === "opening"} />
      <Figures now={now} seconds={seconds} />
      <Pipeline now={now} />
      <div class="plots">
        <Plot
          title="Orders a second"
          description={rates.description}
          series={[
            { name: "accepted", token: "--accent" },
            { name: "paid", token: "--paid" },
            { name: "rejected", token: "--rejected" },
            { name: "cancelled", token: "--cancelled" },
          ]}
          data={rates.data}
          valueText={(value) => value.toLocaleString()}
        />
        <Plot
          title="From acceptance to end"
          description={durations.description}
          series={[
            { name: "half within (p50)", token: "--accent" },
            { name: "99 of 100 within (p99)", token: "--cancelled" },
          ]}
          data={durations.data}
          valueText={durationText}
        />
      </div>
      <div class="columns">
        <LatestOrders orders={now?.latest} />
        <Reasons seconds={seconds} />
      </div>
    </>
  );
}

function Headline({ health, isLive }: { health: Health | undefined; isLive: boolean }) {
  if (health === undefined) {
    return <p class="headline waiting">{isLive ? "Asking intake how things stand…" : "Nothing is known yet"}</p>;
  }
  const marks = { good: "●", slow: "▲", bad: "■" } as const;
  const { level, headline, troubles } = isLive ? health : { level: "bad" as const, headline: "Not live", troubles: [] };
  return (
    <div class={`headline ${level}`} role="status">
      <p>
        <span aria-hidden="true">{marks[level]}</span> {headline}
      </p>
      {troubles.length > 1 && (
        <ul>
          {troubles.slice(1).map(({ text }) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Over so many seconds, so that figures can be read. */
const rateOverSeconds = 5;

function Figures({ now, seconds }: { now: Now | undefined; seconds: readonly Second[] }) {
  const recent = seconds.slice(-rateOverSeconds);
  const rate = (key: "accepted" | "paid" | "rejected" | "cancelled") => {
    if (recent.length === 0) return "–";
    const each = recent.reduce((sum, second) => sum + second[key], 0) / recent.length;
    return each.toLocaleString(undefined, { maximumFractionDigits: each < 10 ? 1 : 0 });
  };
  const duration = (ms: number | undefined) => (ms === undefined ? "–" : durationText(ms));
  const { received, created } = now?.inFlight ?? {};
  return (
    <dl class="figures">
      <Figure name="accepted/s" value={rate("accepted")} tone="accent" />
      <Figure name="paid/s" value={rate("paid")} tone="paid" />
      <Figure name="rejected/s" value={rate("rejected")} tone="rejected" />
      <Figure name="cancelled/s" value={rate("cancelled")} tone="cancelled" />
      <Figure name="p50, last minute" value={duration(now?.lastMinute.p50Ms)} />
      <Figure name="p99, last minute" value={duration(now?.lastMinute.p99Ms)} />
      <Figure name="wait for stock" value={received?.toLocaleString() ?? "–"} />
      <Figure name="wait for payment" value={created?.toLocaleString() ?? "–"} />
    </dl>
  );
}

function Figure({ name, value, tone = "" }: { name: string; value: string; tone?: string }) {
  return (
    <div class={`figure ${tone}`}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
