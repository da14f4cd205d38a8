import { useEffect, useState } from "preact/hooks";
import { type Service, services } from "#contracts/topics.ts";
import type { OrderWay, Step } from "../order-way.ts";
import { durationText, timeText } from "./moments.ts";
import { Link } from "./paths.tsx";

const kinds = { forward: "", refused: "refused", asked: "asked", back: "back" } as const;
/** Said where the eye sees a colour and a broken line. */
const kindTexts = { forward: "", refused: "way ends", asked: "wish", back: "compensation" } as const;

/** An order's way: a lane a service, time downwards, each message an arrow from lane to lane. On a narrow screen a list. */
export function Lanes({ id, way: { steps, waitsFor }, startMs }: { id: string; way: OrderWay; startMs: number }) {
  return (
    <div class="lanes">
      <div class="lane-names" aria-hidden="true">
        <span class="when">time</span>
        {services.map((service) => (
          <span key={service} class="lane-name">
            {service}
          </span>
        ))}
      </div>
      <ol class="steps">
        {steps.map((step, index) => (
          <StepRow key={`${step.lane} ${step.title}`} step={step} startMs={startMs} before={timeBefore(steps, index)} />
        ))}
        {waitsFor !== undefined && <Waiting id={id} waitsFor={waitsFor} />}
      </ol>
    </div>
  );
}

function timeBefore(steps: readonly Step[], index: number): number | undefined {
  return steps.slice(0, index).findLast((step) => step.atMs !== undefined)?.atMs;
}

function StepRow({ step, startMs, before }: { step: Step; startMs: number; before: number | undefined }) {
  const { lane, kind, atMs, title, details, sends } = step;
  const sinceBefore = atMs === undefined || before === undefined ? undefined : Math.max(0, atMs - before);
  return (
    <li class={`step ${kinds[kind]}`}>
      <span class="when">
        {atMs === undefined ? (
          <span class="muted">time not told</span>
        ) : (
          <time dateTime={new Date(atMs).toISOString()}>{timeText(atMs)}</time>
        )}
        {atMs !== undefined && atMs > startMs && sinceBefore !== undefined && (
          <span class="muted small"> +{durationText(sinceBefore)}</span>
        )}
      </span>
      <div class={`event at-${lane}`}>
        <p class="event-title">
          <span class="lane-tag">{lane}</span> {title}
          {kindTexts[kind] !== "" && <span class="tag">{kindTexts[kind]}</span>}
        </p>
        {details.map((detail) => (
          <p key={detail} class="muted small">
            {detail}
          </p>
        ))}
      </div>
      {sends.map(({ message, to }) => (
        <Arrow key={`${message} ${to}`} from={lane} to={to} message={message} />
      ))}
    </li>
  );
}

function Arrow({ from, to, message }: { from: Service; to: Service; message: string }) {
  const isRight = services.indexOf(to) > services.indexOf(from);
  const [left, right] = isRight ? [from, to] : [to, from];
  return (
    <p class={`arrow from-${left} to-${right} ${isRight ? "rightwards" : "leftwards"}`}>
      <code>{message}</code>
      <span class="unseen">
        {" "}
        from {from} to {to}
      </span>
      <span class="to-tag" aria-hidden="true">
        {" "}
        → {to}
      </span>
    </p>
  );
}

function Waiting({ id, waitsFor }: { id: string; waitsFor: NonNullable<OrderWay["waitsFor"]> }) {
  const { lane, text, untilMs, isSetAside } = waitsFor;
  const nowMs = useClock();
  return (
    <li class="step waiting" aria-current="step">
      <span class="when muted">now</span>
      <div class={`event at-${lane}`}>
        <p class="event-title">
          <span class="lane-tag">{lane}</span> {text}
        </p>
        {isSetAside === true && (
          <p>
            <Link to={`/dead-letters?key=${id}`}>Its dead letter</Link>
          </p>
        )}
        {untilMs !== undefined && (
          <p class="muted small">
            {untilMs > nowMs
              ? `${durationText(untilMs - nowMs)} left, then it is cancelled`
              : "the time for it is over"}
          </p>
        )}
      </div>
    </li>
  );
}

function useClock(): number {
  const [nowMs, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return nowMs;
}
