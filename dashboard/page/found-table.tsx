import type { OrderView } from "#contracts/http.ts";
import { money } from "../money.ts";
import { datedText } from "./moments.ts";
import { Link } from "./paths.tsx";
import { StatusBadge } from "./status-badge.tsx";

interface FoundTableProps {
  readonly orders: readonly OrderView[];
  readonly next?: string | undefined;
  readonly isLoading: boolean;
  readonly error?: string;
  /** Nothing was asked for: these are the newest. */
  readonly isAny: boolean;
  readonly onMore: () => void;
}

export function FoundTable({ orders, next, isLoading, error, isAny, onMore }: FoundTableProps) {
  return (
    <section class="card" aria-labelledby="found" aria-busy={isLoading}>
      <h2 id="found">{isAny ? "Newest orders" : "Found"}</h2>
      <p role="status" class="muted">
        {said(orders.length, isLoading, next !== undefined)}
      </p>
      {error !== undefined && (
        <p class="notice bad" role="alert">
          {error}
        </p>
      )}
      {orders.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-label="Table, scrolls sideways">
          <table>
            <thead>
              <tr>
                <th scope="col">Accepted</th>
                <th scope="col">Order</th>
                <th scope="col">Customer</th>
                <th scope="col">State</th>
                <th scope="col" class="number">
                  Total
                </th>
              </tr>
            </thead>
            <tbody>
              {orders.map(({ id, customerId, status, reason, totalMinor, currency, timeline }) => (
                <tr key={id}>
                  <td>{datedText(Date.parse(timeline.receivedAt))}</td>
                  <td>
                    <Link to={`/order/${id}`}>…{id.slice(-12)}</Link>
                  </td>
                  <td>{customerId}</td>
                  <td>
                    <StatusBadge status={status} /> <span class="muted">{reason}</span>
                  </td>
                  <td class="number">{totalMinor === undefined ? "–" : money(totalMinor, currency)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {next !== undefined && (
        <button type="button" onClick={onMore} disabled={isLoading}>
          Look further back
        </button>
      )}
    </section>
  );
}

function said(count: number, isLoading: boolean, hasMore: boolean): string {
  if (isLoading) return "Looking…";
  if (count === 0) return hasMore ? "None among the newest; there are older ones." : "There is no such order.";
  return `${count} ${count === 1 ? "order" : "orders"}${hasMore ? ", newest first; there may be more" : ""}`;
}
