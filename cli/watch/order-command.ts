import process from "node:process";
import { orderId } from "#contracts/fields.ts";
import { orderGoods, type OrderGoods, type OrderView, orderView } from "#contracts/http.ts";
import { follow } from "#dashboard/event-feed.ts";
import { UsageError } from "../usage-error.ts";
import { lanesText } from "./lanes-text.ts";
import { parseWatchOptions, untilInterrupted, watchHelp } from "./watch-options.ts";

export const orderHelp = `orderwright order ID [--follow] [--intake URL] [--data DIR]

Shows an order's way in four lanes, intake, stock, order and payment: what each did with it, when and how long after the step
before, the messages between them, and what it waits for now.

  --follow               goes on until the order has ended
${watchHelp}

Exit code: 0 shown, 1 there is no such order or intake does not answer, 2 the command line is not understood.`;

/** @throws UsageError */
export async function orderCommand(args: readonly string[]): Promise<number> {
  const { intake, headers, follows, positionals } = parseWatchOptions(args);
  const [id = "", ...more] = positionals;
  if (more.length > 0 || !orderId.safeParse(id).success) throw new UsageError(["give the id of one order"]);
  const url = `${intake}/orders/${id}`;
  if (follows) return followOrder(url, headers);
  let response: Response;
  try {
    response = await fetch(url, { headers });
  } catch {
    return fail(`intake does not answer at ${intake}: is it running there?`);
  }
  if (!response.ok) return fail(refusalText(response.status));
  const order = orderView.parse(await response.json());
  process.stdout.write(textOf(order, await goodsOf(url, headers)));
  return 0;
}

const textOf = (order: OrderView, goods: OrderGoods | undefined) =>
  lanesText(order, goods, Date.now(), process.stdout.isTTY);

/** What stock says of an order's goods, by way of intake; undefined: it does not say. */
async function goodsOf(url: string, headers: Readonly<Record<string, string>>): Promise<OrderGoods | undefined> {
  const response = await fetch(`${url}/goods`, { headers }).catch(() => undefined);
  return response?.ok === true ? orderGoods.parse(await response.json()) : undefined;
}

async function followOrder(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const ended = new AbortController();
  let code = 0;
  let last: OrderView | undefined;
  const show = (order: OrderView, goods?: OrderGoods) =>
    process.stdout.write(`${process.stdout.isTTY ? "\u001b[2J\u001b[H" : ""}${textOf(order, goods)}`);
  const signal = AbortSignal.any([untilInterrupted(), ended.signal]);
  await follow({
    url: `${url}/events`,
    headers: () => ({ ...headers }),
    quietMs: 40_000,
    signal,
    onEvent({ data }) {
      const order = orderView.parse(data);
      show(order);
      const isPaid = order.status === "paid" && order.timeline.cancelRequestedAt === undefined;
      if (isPaid || order.status === "rejected" || order.status === "cancelled") {
        last = order;
        ended.abort();
      }
    },
    onState: (state) => void (state === "lost" && process.stderr.write("intake does not answer; trying again\n")),
    onRefused: (status) => void (code = fail(refusalText(status))),
  });
  const goods = last === undefined ? undefined : await goodsOf(url, headers);
  if (last !== undefined && goods !== undefined) show(last, goods);
  return code;
}

function refusalText(status: number): string {
  if (status === 404) return "there is no such order";
  return status === 401 ? "intake wants a token: set HTTP_TOKEN" : `intake answered with ${status}`;
}

function fail(text: string): number {
  process.stderr.write(`orderwright order: ${text}\n`);
  return 1;
}
