import type { Reason } from "#contracts/fields.ts";
import type { Second } from "#contracts/live.ts";
import { whyText } from "../order-way.ts";
import { Link } from "./paths.tsx";

/** Why orders of the last minutes ended otherwise than paid. */
export function Reasons({ seconds }: { seconds: readonly Second[] }) {
  const counts = new Map<Reason, number>();
  for (const { reasons = {} } of seconds) {
    for (const [reason, count = 0] of Object.entries(reasons) as [Reason, number | undefined][]) {
      counts.set(reason, (counts.get(reason) ?? 0) + count);
    }
  }
  const rows = [...counts].toSorted(([, a], [, b]) => b - a);
  const most = rows[0]?.[1] ?? 1;
  return (
    <section class="card" aria-labelledby="reasons">
      <h2 id="reasons">Why not paid, last 10 minutes</h2>
      {rows.length === 0 ? (
        <p class="muted">Nothing was rejected or cancelled.</p>
      ) : (
        <ul class="reasons">
          {rows.map(([reason, count]) => (
            <li key={reason}>
              <Link to={`/find?reason=${reason}`}>{reason}</Link>
              <span class="number">{count.toLocaleString()}</span>
              <meter min={0} max={most} value={count} aria-label={`${reason}: ${count}`} />
              <span class="muted">{whyText(reason)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
