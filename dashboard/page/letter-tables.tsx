import { addUpGroups, type Group, type Letter } from "#contracts/letters-of-services.ts";
import type { LetterFilter } from "./letter-filter.tsx";
import { pathOf } from "./letter-filter.tsx";
import { datedText, durationText } from "./moments.ts";
import { Link } from "./paths.tsx";

const scrolls = { class: "scroll", tabIndex: 0, role: "group", "aria-label": "Table, scrolls sideways" } as const;

/** How many of which kind; each leads to the list of these. */
export function LetterGroups({ groups, filter }: { groups: readonly Group[]; filter: LetterFilter }) {
  const kinds = addUpGroups(groups, kindOf);
  if (kinds.length < 2) return null;
  return (
    <section class="card" aria-labelledby="kinds">
      <h2 id="kinds">By kind</h2>
      <div {...scrolls}>
        <table>
          <thead>
            <tr>
              <th scope="col">Kind</th>
              <th scope="col">At</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Letters
              </th>
              <th scope="col" class="number">
                Oldest
              </th>
            </tr>
          </thead>
          <tbody>
            {kinds.map((group) => (
              <tr key={kindOf(group)}>
                <td>
                  <Link to={pathOf({ ...filter, service: group.service, topic: group.topic, reason: group.reason })}>
                    {group.topic}: {group.reason}
                  </Link>
                </td>
                <td>{group.service}</td>
                <td>{group.state}</td>
                <td class="number">{group.letters.toLocaleString()}</td>
                <td class="number">{durationText(Math.max(0, Date.now() - group.oldestAtMs))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const kindOf = ({ service, topic, reason, state }: Group) => `${service} ${topic} ${reason} ${state}`;

export function LetterTable({ letters }: { letters: readonly Letter[] }) {
  return (
    <section class="card" aria-labelledby="letters">
      <h2 id="letters">Newest first</h2>
      <div {...scrolls}>
        <table>
          <thead>
            <tr>
              <th scope="col">Set aside</th>
              <th scope="col">Letter</th>
              <th scope="col">Topic</th>
              <th scope="col">Why</th>
              <th scope="col">Order</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {letters.map(({ service, id, topic, reason, orderId, state, deadAtMs }) => (
              <tr key={`${service}/${id}`}>
                <td>{datedText(deadAtMs)}</td>
                <td>
                  <Link to={`/dead-letters/${service}/${id}`}>
                    {service}/{id}
                  </Link>
                </td>
                <td>{topic}</td>
                <td>{reason}</td>
                <td>{orderId === null ? "–" : <Link to={`/order/${orderId}`}>…{orderId.slice(-12)}</Link>}</td>
                <td>
                  <LetterBadge state={state} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const marks = { dead: "■", healed: "✓", replayed: "✓", discarded: "✕" } as const;

/** By word and mark as well as by colour. */
export function LetterBadge({ state }: { state: Letter["state"] }) {
  return (
    <span class={`badge letter-${state}`}>
      <span aria-hidden="true">{marks[state]}</span> {state}
    </span>
  );
}
