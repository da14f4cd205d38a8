import type { ComponentChildren } from "preact";
import type { DeadLetterDetail } from "#contracts/dead-letters.ts";
import { CloseLetter } from "./close-letter.tsx";
import { LetterBadge } from "./letter-tables.tsx";
import { datedText, durationText, zone } from "./moments.ts";
import { askOperators, type Operator, OperatorForm, SignedIn, useOperator } from "./operator.tsx";
import { Link } from "./paths.tsx";
import { usePolled } from "./use-polled.ts";

interface LetterName {
  readonly service: string;
  readonly id: string;
}

/** One message that a service could not take: what it says, why it was set aside, what was done to it. For operators. */
export function LetterPage(name: LetterName) {
  const operator = useOperator();
  return operator === undefined ? <OperatorForm /> : <LetterFor operator={operator} {...name} />;
}

function LetterFor({ operator, service, id }: LetterName & { operator: Operator }) {
  const path = `${service}/dead-letters/${id}`;
  const { value, error, reload } = usePolled(path, (signal) => askOperators<DeadLetterDetail>(path, { signal }));
  return (
    <>
      <p>
        <Link to="/dead-letters">All dead letters</Link>
      </p>
      <div role="alert" class="notices">
        {error !== undefined && <p class="notice bad">{error.message}</p>}
      </div>
      {value === undefined ? (
        <section class="card" aria-busy={error === undefined}>
          <h1>
            Dead letter {service}/{id}
          </h1>
          {error === undefined && <p class="muted">Asking {service}…</p>}
        </section>
      ) : (
        <>
          <What letter={value} service={service}>
            <CloseLetter path={path} state={value.state} operator={operator} onClosed={reload} />
            <SignedIn operator={operator} />
          </What>
          <Body letter={value} />
          <Headers letter={value} />
          <History letter={value} />
        </>
      )}
    </>
  );
}

function What({
  letter,
  service,
  children,
}: {
  letter: DeadLetterDetail;
  service: string;
  children: ComponentChildren;
}) {
  const { id, topic, partition, offset, groupId, orderId, reason, error, attempts, readable, state } = letter;
  return (
    <section class={`card letter ${state}`} aria-labelledby="letter">
      <div class="title">
        <h1 id="letter">
          Dead letter{" "}
          <code>
            {service}/{id}
          </code>
        </h1>
        <LetterBadge state={state} />
      </div>
      <p class="summary">
        {service} could not take {topic}: {reason}
      </p>
      <pre class="error" tabIndex={0}>
        {error}
      </pre>
      <dl class="facts">
        <Fact name="Order">
          {orderId === null ? "none that it names" : <Link to={`/order/${orderId}`}>{orderId}</Link>}
        </Fact>
        <Fact name="Written by">{letter.writers.join(" or ")}</Fact>
        <Fact name="Set aside">{datedText(letter.deadAtMs)}</Fact>
        <Fact name={reason === "deadly" ? "Deaths" : "Tries"}>
          {attempts}
          {letter.deadAtMs > letter.firstSeenAtMs && ` in ${durationText(letter.deadAtMs - letter.firstSeenAtMs)}`}
        </Fact>
        <Fact name="Place">
          {topic}, partition {partition}, offset {offset}, read by {groupId}
        </Fact>
        <Fact name="Program">{letter.programVersion ?? "not known"}</Fact>
        <Fact name="Now">{readable.ok ? "can be read: a replay may work" : `cannot be read: ${readable.detail}`}</Fact>
      </dl>
      {children}
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A browser that shows more of a text than this does nothing else for a while. */
const shownAtMost = 20_000;

function Body({ letter: { json, text, valueBase64, bytes } }: { letter: DeadLetterDetail }) {
  const [kind, shown] = bodyOf(json, text, valueBase64);
  return (
    <section class="card" aria-labelledby="body">
      <h2 id="body">Body</h2>
      <p class="muted small">
        {bytes.toLocaleString()} bytes, {kind}
        {shown.length > shownAtMost && `; the first ${shownAtMost.toLocaleString()} characters`}
      </p>
      {shown !== "" && (
        <pre class="body" tabIndex={0} aria-label="Body">
          {shown.slice(0, shownAtMost)}
        </pre>
      )}
    </section>
  );
}

function bodyOf(json: unknown, text: string | null, base64: string | null): readonly [kind: string, shown: string] {
  if (base64 === null) return ["no value at all", ""];
  if (json !== null) return ["JSON", JSON.stringify(json, undefined, 2)];
  return text === null ? ["no text; as base64", base64] : ["text, and no JSON", text];
}

function Headers({ letter: { key, keyBase64, headers, traceparent, timestampMs } }: { letter: DeadLetterDetail }) {
  return (
    <section class="card" aria-labelledby="headers">
      <h2 id="headers">Key and headers</h2>
      <dl class="pairs">
        <Fact name="key">{key ?? (keyBase64 === null ? "none" : `base64 ${keyBase64}`)}</Fact>
        <Fact name="produced">{datedText(timestampMs)}</Fact>
        {headers.map(({ name, text, base64 }) => (
          <Fact key={name} name={name}>
            {text ?? (base64 === null ? "null" : `base64 ${base64}`)}
          </Fact>
        ))}
        {traceparent !== null && headers.every(({ name }) => name !== "traceparent") && (
          <Fact name="trace">{traceparent}</Fact>
        )}
      </dl>
    </section>
  );
}

function History({ letter: { history } }: { letter: DeadLetterDetail }) {
  return (
    <section class="card" aria-labelledby="history">
      <h2 id="history">What was done to it</h2>
      {history.length === 0 && <p class="muted">Nothing yet.</p>}
      <ol class="history">
        {history.map(({ atMs, operator, action, why, effect }) => (
          <li key={`${atMs} ${action}`}>
            <p>
              <strong>{operator}</strong>: {action}, {datedText(atMs)}
            </p>
            <p>Why: {why}</p>
            <p class="muted">{effect}</p>
          </li>
        ))}
      </ol>
      <p class="muted small">Times are of {zone}.</p>
    </section>
  );
}
