import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { OrderView } from "#contracts/http.ts";
import { now } from "#contracts/live.ts";
import { lanesText } from "./lanes-text.ts";
import { topText } from "./top-text.ts";

const moment = (ms: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, 0, ms)).toISOString();
const received: OrderView = {
  id: "01890000-0000-7000-8000-000000000001",
  customerId: "c",
  currency: "GBP",
  lines: [{ productId: "p", quantity: 2 }],
  status: "received",
  timeline: { receivedAt: moment(0) },
};

describe("an order's lanes as text", () => {
  test("show what each service did in its lane, and the way back apart from the way forward", () => {
    const order: OrderView = {
      ...received,
      status: "cancelled",
      reason: "customer",
      totalMinor: 510,
      refundedMinor: 510,
      timeline: {
        receivedAt: moment(0),
        reservedAt: moment(5),
        createdAt: moment(9),
        paidAt: moment(14),
        cancelRequestedAt: moment(400),
        refundedAt: moment(410),
        cancelledAt: moment(410),
      },
    };
    const lines = lanesText(order, { status: "released", soldAt: moment(16), releasedAt: moment(421) }, 0, false).split(
      "\n",
    );
    const steps = lines.flatMap((line) => /[●✕?↩] (.*)/.exec(line)?.[1] ?? []);
    assert.deepEqual(
      steps.map((step) => step.split(" (")[0]),
      [
        "Order accepted",
        "Goods reserved",
        "Order created",
        "Account charged",
        "Goods sold",
        "Customer asked to cancel",
        "Must not be charged, or is refunded",
        "Charge refunded",
        "Cancelled: the customer cancelled",
        "Goods given back",
      ],
    );
    const column = (text: string) => lines.find((line) => line.includes(text))?.search(/[●↩]/);
    const head = lines.find((line) => line.includes("intake") && line.includes("payment")) ?? "";
    assert.equal(column("Goods reserved"), head.indexOf("stock"));
    assert.equal(column("Charge refunded"), head.indexOf("payment"));
    assert.match(lines[1] ?? "", /£5\.10 to the customer/);
    assert.ok(lines.some((line) => line.includes("+10 ms") && line.includes("refunded")));
  });

  test("say what an open order waits for, and how long it may", () => {
    const timeline = { ...received.timeline, reservedAt: moment(5), createdAt: moment(9) };
    const order: OrderView = { ...received, status: "created", totalMinor: 510, deadlineAt: moment(60_009), timeline };
    assert.match(
      lanesText(order, undefined, Date.parse(moment(9)), false),
      /… Waits for payment to charge the account, 60 s left/,
    );
    assert.match(lanesText(received, undefined, 0, false), /Waits for stock/);
    const waitingFor = {
      message: "payment.request",
      service: "payment",
      why: "dead-letter",
      since: moment(9),
    } as const;
    assert.match(
      lanesText({ ...order, waitingFor }, undefined, 0, false),
      /Does not go on: waits for payment\.request at payment, which has set it aside: an operator has to decide/,
    );
  });
});

describe("the overview as text", () => {
  test("says first which service is down, and since intake is away that nothing is live", () => {
    const ready = { state: "ready", lag: 0 } as const;
    const standing = now.parse({
      atMs: 1,
      inFlight: { received: 3, created: 1 },
      lastMinute: { ended: 0 },
      services: { intake: ready, stock: ready, order: ready, payment: { state: "down", detail: "nobody answers" } },
      latest: [],
      demo: false,
    });
    const options = { intake: "http://i", columns: 80, isColoured: false };
    assert.match(topText(standing, [], { ...options, isLive: true }).split("\n")[1] ?? "", /^Payment is down: nobody/);
    assert.match(
      topText(standing, [], { ...options, isLive: false }),
      /not live: intake does not answer at http:\/\/i/,
    );
  });
});
