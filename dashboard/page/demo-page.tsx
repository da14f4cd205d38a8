import { useEffect, useState } from "preact/hooks";
import type { Demo, DemoOrder } from "#contracts/demo.ts";
import type { OrderView } from "#contracts/http.ts";
import type { Now } from "#contracts/live.ts";
import { services } from "#contracts/topics.ts";
import { ask, type RequestError } from "./access.tsx";
import { Notice } from "./notice.tsx";
import { goTo } from "./paths.tsx";
import { Pipeline } from "./pipeline.tsx";
import { useFeed } from "./use-feed.ts";

/** For trying the shop of `npm start`: orders by hand, one for each way to end, and parts to break and watch come back. */
export function DemoPage() {
  const [now, setNow] = useState<Now>();
  const [demo, setDemo] = useState<Demo>();
  const [said, setSaid] = useState("");
  const state = useFeed("/events", 8_000, ({ event, data }) => {
    if (event === "now") setNow(data as Now);
  });
  useEffect(() => {
    ask<Demo>("/demo").then(setDemo, (error: RequestError) => {
      setSaid(error.status === 404 ? "This is no shop of npm start: there is nothing to try here." : error.message);
    });
  }, []);
  const place = async ({ ending, body }: DemoOrder) => {
    try {
      const headers = { "content-type": "application/json" };
      const { id } = await ask<OrderView>("/orders", { method: "POST", headers, body: JSON.stringify(body) });
      if (ending === "customer") await ask(`/orders/${id}/cancel`, { method: "POST" });
      goTo(`/order/${id}`);
    } catch (error) {
      setSaid((error as RequestError).message);
    }
  };
  const end = async (part: string, how: "stop" | "kill") => {
    try {
      await ask(`/demo/${part}/${how}`, { method: "POST", headers: { "x-orderwright-demo": "1" } });
      setSaid(`${part} was told to ${how === "kill" ? "die" : "stop"}; it is started again by itself`);
    } catch (error) {
      setSaid((error as RequestError).message);
    }
  };
  return (
    <>
      <h1>Try it</h1>
      <Notice state={state} />
      <p role="status" class="said">
        {said}
      </p>
      <section class="card" aria-labelledby="place">
        <h2 id="place">Place an order</h2>
        <p class="muted small">
          Each ends in its own way, in some hundredths of a second; one waits for its deadline, half a minute, and one
          for an operator. Stop a service first, and see them wait.
        </p>
        <div class="choices">
          {demo?.orders.map((order) => (
            <button key={order.ending} type="button" onClick={() => void place(order)}>
              {order.title} <span class="muted small">{order.ending}</span>
            </button>
          ))}
        </div>
      </section>
      <Pipeline now={now} />
      <Parts onEnd={(part, how) => void end(part, how)} />
    </>
  );
}

function Parts({ onEnd }: { onEnd: (part: string, how: "stop" | "kill") => void }) {
  return (
    <section class="card" aria-labelledby="break">
      <h2 id="break">Break a part</h2>
      <p class="muted small">
        Stopped, it ends what it has in hand; killed, it dies between any two lines. Orders go on when it is back.
      </p>
      <ul class="parts">
        {[...services, "broker"].map((part) => (
          <li key={part}>
            <span>{part}</span>
            {part !== "broker" && (
              <button type="button" aria-label={`Stop ${part}`} onClick={() => onEnd(part, "stop")}>
                Stop
              </button>
            )}
            <button type="button" class="danger" aria-label={`Kill ${part}`} onClick={() => onEnd(part, "kill")}>
              Kill
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
