import { useState } from "preact/hooks";
import type { OrderView } from "#contracts/http.ts";
import { money } from "../money.ts";
import { type OrderWay, wayOf } from "../order-way.ts";
import { CancelOrder } from "./cancel-order.tsx";
import { Lanes } from "./lanes.tsx";
import { datedText, durationText, zone } from "./moments.ts";
import { Notice } from "./notice.tsx";
import { Link } from "./paths.tsx";
import { StatusBadge } from "./status-badge.tsx";
import { useFeed } from "./use-feed.ts";
import { useGoods } from "./use-goods.ts";

/** Intake says at least that it is there every 15 s. */
const quietMs = 40_000;

export function OrderPage({ id }: { id: string }) {
  const [order, setOrder] = useState<OrderView>();
  const state = useFeed(`/orders/${encodeURIComponent(id)}/events`, quietMs, ({ event, data }) => {
    if (event === "order") setOrder(data as OrderView);
  });
  if (state === "not-found") {
    return (
      <section class="card">
        <h1>There is no order {id}</h1>
        <p>
          Intake never accepted it, or it is of another shop. <Link to="/find">Find an order</Link>
        </p>
      </section>
    );
  }
  return (
    <>
      <Notice state={state} />
      {order === undefined ? <Loading id={id} /> : <Order order={order} />}
    </>
  );
}

function Loading({ id }: { id: string }) {
  return (
    <section class="card" aria-busy="true">
      <h1>Order</h1>
      <p class="muted">Loading {id}…</p>
    </section>
  );
}

function Order({ order }: { order: OrderView }) {
  const way = wayOf(order, useGoods(order));
  const { id, status, customerId, currency, totalMinor, timeline } = order;
  return (
    <>
      <section class={`card order ${status}`} aria-labelledby="order">
        <div class="title">
          <h1 id="order">
            Order <code>{id}</code>
          </h1>
          <StatusBadge status={status} />
        </div>
        <p class="summary" role="status">
          {way.summary}
        </p>
        <dl class="facts">
          <Fact name="Customer">
            <Link to={`/find?customer=${encodeURIComponent(customerId)}`}>{customerId}</Link>
          </Fact>
          <Fact name="Total">{totalMinor === undefined ? unpriced(way) : money(totalMinor, currency)}</Fact>
          <Fact name="Accepted">{datedText(Date.parse(timeline.receivedAt))}</Fact>
          <Fact name={way.tookMs === undefined ? "Open" : "Took"}>
            {way.tookMs === undefined ? "still on its way" : durationText(way.tookMs)}
          </Fact>
        </dl>
        <CancelOrder order={order} />
      </section>
      <section class="card" aria-labelledby="way">
        <h2 id="way">Its way</h2>
        <Lanes id={id} way={way} startMs={Date.parse(timeline.receivedAt)} />
        <p class="muted small">Times are of {zone}, by each service’s own clock.</p>
      </section>
      <Lines order={order} />
    </>
  );
}

const unpriced = ({ waitsFor }: OrderWay) => (waitsFor === undefined ? "never priced" : "not priced yet");

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Lines({ order: { lines, shortLines = [] } }: { order: OrderView }) {
  const short = new Map(shortLines.map((line) => [line.productId, line.available]));
  const note = (productId: string) => {
    const available = short.get(productId);
    if (available === undefined) return "";
    return available === null ? "not known to stock" : `only ${available} there`;
  };
  return (
    <section class="card lines" aria-labelledby="lines">
      <h2 id="lines">Lines</h2>
      <div class="scroll" tabIndex={0} role="group" aria-label="Table, scrolls sideways">
        <table>
          <thead>
            <tr>
              <th scope="col">Product</th>
              <th scope="col" class="number">
                Pieces
              </th>
              {short.size > 0 && <th scope="col">Why not</th>}
            </tr>
          </thead>
          <tbody>
            {lines.map(({ productId, quantity }) => (
              <tr key={productId}>
                <td>{productId}</td>
                <td class="number">{quantity.toLocaleString()}</td>
                {short.size > 0 && <td>{note(productId)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
