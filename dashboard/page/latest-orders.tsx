import type { EndedOrder } from "#contracts/live.ts";
import { money } from "../money.ts";
import { durationText, secondText } from "./moments.ts";
import { Link } from "./paths.tsx";
import { StatusBadge } from "./status-badge.tsx";

export function LatestOrders({ orders }: { orders: readonly EndedOrder[] | undefined }) {
  return (
    <section class="card" aria-labelledby="latest">
      <h2 id="latest">Ended last</h2>
      {orders === undefined && <p class="muted">Loading…</p>}
      {orders?.length === 0 && <p class="muted">No order has ended since intake was started.</p>}
      {orders !== undefined && orders.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-label="Table, scrolls sideways">
          <table>
            <thead>
              <tr>
                <th scope="col">Ended</th>
                <th scope="col">Order</th>
                <th scope="col">Outcome</th>
                <th scope="col" class="number">
                  Total
                </th>
                <th scope="col" class="number">
                  Took
                </th>
              </tr>
            </thead>
            <tbody>
              {orders.map((order) => (
                <tr key={`${order.id} ${order.status}`}>
                  <td>{secondText(order.endedAtMs)}</td>
                  <td>
                    <Link to={`/order/${order.id}`}>…{order.id.slice(-12)}</Link>
                  </td>
                  <td>
                    <StatusBadge status={order.status} /> <span class="muted">{order.reason}</span>
                  </td>
                  <td class="number">
                    {order.totalMinor === undefined ? "–" : money(order.totalMinor, order.currency)}
                  </td>
                  <td class="number">{durationText(order.tookMs)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
