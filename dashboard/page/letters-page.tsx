import type { DeadLetterGroups, DeadLetterPage } from "#contracts/dead-letters.ts";
import type { Group, Letter } from "#contracts/letters-of-services.ts";
import { services } from "#contracts/topics.ts";
import type { RequestError } from "./access.tsx";
import { filterOf, type LetterFilter, LetterFilterForm, pathOf, queryOf } from "./letter-filter.tsx";
import { LetterGroups, LetterTable } from "./letter-tables.tsx";
import { askOperators, OperatorForm, SignedIn, useOperator } from "./operator.tsx";
import { goTo, usePath } from "./paths.tsx";
import { usePolled } from "./use-polled.ts";

interface Found {
  readonly letters: readonly Letter[];
  readonly groups: readonly Group[];
  /** There are older ones that were not asked for. */
  readonly hasMore: boolean;
  /** Services that did not say what they have. */
  readonly troubles: readonly string[];
}

/** Messages that no service could take, of all services: counted, listed, and found. For operators. */
export function LettersPage() {
  const operator = useOperator();
  const { searchParams } = usePath();
  if (operator === undefined) return <OperatorForm />;
  const filter = filterOf(searchParams);
  return (
    <>
      <div class="title">
        <h1>Dead letters</h1>
        <SignedIn operator={operator} />
      </div>
      <p class="muted">Messages that a service could not take. Nothing waits behind one but its own order.</p>
      <LetterFilterForm key={searchParams.toString()} filter={filter} />
      <Letters filter={filter} />
    </>
  );
}

function Letters({ filter }: { filter: LetterFilter }) {
  const { value, error } = usePolled(JSON.stringify(filter), (signal) => find(filter, signal));
  const troubles = error === undefined ? (value?.troubles ?? []) : [error.message];
  return (
    <>
      <div role="alert" class="notices">
        {troubles.map((text) => (
          <p key={text} class="notice bad">
            {text}
          </p>
        ))}
      </div>
      <p role="status" class="muted">
        {said(value, filter, troubles.length > 0)}
      </p>
      {value !== undefined && value.groups.length > 0 && <LetterGroups groups={value.groups} filter={filter} />}
      {value !== undefined && value.letters.length > 0 && <LetterTable letters={value.letters} />}
      {value?.hasMore === true && (
        <button type="button" onClick={() => goTo(pathOf({ ...filter, limit: "1000" }))}>
          Show older ones
        </button>
      )}
    </>
  );
}

function said(found: Found | undefined, { state }: LetterFilter, isPartial: boolean): string {
  if (found === undefined) return isPartial ? "" : "Asking the services…";
  const { length } = found.letters;
  if (length > 0)
    return `${length} ${length === 1 ? "letter" : "letters"}${found.hasMore ? ", the newest of each service" : ""}`;
  if (isPartial) return "The services that answered have none of that kind.";
  return state === "dead" ? "None of that kind is open: nothing has to be done." : "There is none of that kind.";
}

/** Each service is asked for itself: one that is away does not keep the others from being shown. */
async function find(filter: LetterFilter, signal: AbortSignal): Promise<Found> {
  const asked = services.filter((service) => filter.service === undefined || filter.service === service);
  const { letters: lettersQuery, groups: groupsQuery } = queryOf(filter);
  const answers = await Promise.all(
    asked.map(async (service) => {
      try {
        const [page, { groups }] = await Promise.all([
          askOperators<DeadLetterPage>(`${service}/dead-letters?${lettersQuery}`, { signal }),
          askOperators<DeadLetterGroups>(`${service}/dead-letter-groups?${groupsQuery}`, { signal }),
        ]);
        return { service, page, groups };
      } catch (error) {
        const { status, message } = error as RequestError;
        // Intake's own refusal, or its silence, is no service's.
        if (status !== 503 && status !== 403) throw error;
        return { service, trouble: `${message}. Its letters are not shown.` };
      }
    }),
  );
  const found = answers.flatMap((answer) => (answer.page === undefined ? [] : [answer]));
  return {
    letters: found
      .flatMap(({ service, page }) => page.letters.map((letter) => ({ ...letter, service })))
      .toSorted((a, b) => b.deadAtMs - a.deadAtMs || b.id - a.id),
    groups: found.flatMap(({ service, groups }) => groups.map((group) => ({ ...group, service }))),
    hasMore: found.some(({ page }) => page.next !== null),
    troubles: answers.flatMap(({ trouble }) => trouble ?? []),
  };
}
