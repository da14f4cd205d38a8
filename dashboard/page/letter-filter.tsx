import type { DeadLetterSummary } from "#contracts/dead-letters.ts";
import { services, topics } from "#contracts/topics.ts";
import { Choice } from "./choice.tsx";
import { formTexts } from "./form-texts.ts";
import { goTo } from "./paths.tsx";

const fields = ["service", "topic", "reason", "key", "state", "limit"] as const;

/** As it is in the address, so that it can be shared; without a state it is for those that are open. */
export type LetterFilter = Partial<Record<(typeof fields)[number], string>> & { readonly state: string };

/** Held to the contract by their types, as the page has no zod. */
const states = Object.keys({
  dead: true,
  healed: true,
  replayed: true,
  discarded: true,
} satisfies Record<DeadLetterSummary["state"], true>);
const anyState = "any";
const perService = "100";

/** As `orderwright dlq --help` tells them. */
const reasons = [
  "no-json",
  "schema-violation",
  "unknown-type",
  "wrong-key",
  "handler-type-error",
  "constraint",
  "unknown-error",
  "deadly",
] as const;

export function filterOf(params: URLSearchParams): LetterFilter {
  const given = fields.flatMap((name) => (params.get(name) ? [[name, params.get(name)]] : []));
  return { state: "dead", ...(Object.fromEntries(given) as Partial<LetterFilter>) };
}

export function pathOf(filter: LetterFilter): string {
  const text = new URLSearchParams(
    Object.entries(filter).filter(([name, value]) => name !== "state" || value !== "dead"),
  );
  return text.size === 0 ? "/dead-letters" : `/dead-letters?${text}`;
}

/** What a service is asked. */
export function queryOf({ topic, reason, key, state, limit = perService }: LetterFilter) {
  const given = { topic, reason, key, state: state === anyState ? undefined : state };
  const parts = Object.entries(given).filter((part): part is [string, string] => part[1] !== undefined);
  return {
    groups: new URLSearchParams(parts).toString(),
    letters: new URLSearchParams([...parts, ["limit", limit]]).toString(),
  };
}

export function LetterFilterForm({ filter }: { filter: LetterFilter }) {
  const submit = (event: Event) => {
    event.preventDefault();
    goTo(pathOf(filterOf(new URLSearchParams([...formTexts(event)]))));
  };
  return (
    <form class="card find" onSubmit={submit}>
      <label class="wide">
        Order id
        <input name="key" autocomplete="off" spellcheck={false} defaultValue={filter.key ?? ""} />
      </label>
      <Choice name="service" label="Service" options={services} value={filter.service} />
      <Choice name="topic" label="Topic" options={Object.keys(topics)} value={filter.topic} />
      <Choice name="reason" label="Why" options={reasons} value={filter.reason} />
      <label>
        State
        <select name="state" defaultValue={filter.state}>
          {[...states, anyState].map((state) => (
            <option key={state} value={state} selected={state === filter.state}>
              {state}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="primary">
        Find
      </button>
    </form>
  );
}
