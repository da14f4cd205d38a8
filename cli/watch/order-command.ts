import process from "node:process";
import { orderId } from "#contracts/fields.ts";
import { type OrderView, orderView } from "#contracts/http.ts";
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
  if (follows) return followOrder(`${url}/events`, headers);
  let response: Response;
  try {
    response = await fetch(url, { headers });
  } catch {
    return fail(`intake does not answer at ${intake}: is it running there?`);
  }
  if (!response.ok) return fail(refusalText(response.status));
  process.stdout.write(textOf(orderView.parse(await response.json())));
  return 0;
}

const textOf = (order: OrderView) => lanesText(order, Date.now(), process.stdout.isTTY);

async function followOrder(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const ended = new AbortController();
  let code = 0;
  const signal = AbortSignal.any([untilInterrupted(), ended.signal]);
  await follow({
    url,
    headers: () => ({ ...headers }),
    quietMs: 40_000,
    signal,
    onEvent({ data }) {
      const order = orderView.parse(data);
      process.stdout.write(`${process.stdout.isTTY ? "\u001b[2J\u001b[H" : ""}${textOf(order)}`);
      const isPaid = order.status === "paid" && order.timeline.cancelRequestedAt === undefined;
      if (isPaid || order.status === "rejected" || order.status === "cancelled") ended.abort();
    },
    onState: (state) => void (state === "lost" && process.stderr.write("intake does not answer; trying again\n")),
    onRefused: (status) => void (code = fail(refusalText(status))),
  });
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
