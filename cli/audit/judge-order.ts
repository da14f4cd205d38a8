import type { Line } from "#contracts/fields.ts";
import { type Service, services } from "#contracts/topics.ts";
import type { Finding, Rule } from "./findings.ts";
import type { WholeOrder } from "./order-rows.ts";

/**
 * What is wrong with an order about which every message was read and nothing has changed since. While messages are on their
 * way, what it finds may be just that: a suspicion.
 * @param purgedUpToId up to this id, rows of orders that ended may be gone
 */
export function judgeOrder(order: WholeOrder, purgedUpToId = ""): Finding[] {
  const broken: (readonly [Rule, string])[] = [...judgeEnd(order, order.orderId <= purgedUpToId)];
  const both = order.order?.cancelled === 1 && order.payment?.cancelled === 1;
  if (both) broken.push(["two-endings", "order and payment both published its order.cancel"]);
  for (const difference of differences(order)) broken.push(["facts", difference]);
  for (const error of priceErrors(order)) broken.push(["price", error]);
  const says = services.map((service) => `${service.padEnd(8)} ${describe(order, service)}`);
  return broken.map(([rule, what]) => ({ rule, orderId: order.orderId, what, says }));
}

/** The agreed ends, by the states of intake, stock, order and payment. */
const ends: readonly { readonly name: string; readonly states: Readonly<Record<Service, readonly string[]>> }[] = [
  { name: "paid", states: { intake: ["paid"], stock: ["sold"], order: ["paid"], payment: ["charged"] } },
  { name: "rejected", states: { intake: ["rejected"], stock: ["refused"], order: ["rejected"], payment: ["none"] } },
  {
    name: "cancelled",
    states: {
      intake: ["cancelled"],
      stock: ["released"],
      order: ["cancelled"],
      payment: ["none", "refused", "fenced", "refunded"],
    },
  },
];

const stateOf = (order: WholeOrder, service: Service) => order[service]?.status ?? "none";

/** @param mayBePurged each service deletes its ended orders in its own time, so any of its rows may be gone */
function judgeEnd(order: WholeOrder, mayBePurged: boolean): (readonly [Rule, string])[] {
  const agrees = (service: Service, end: (typeof ends)[number]) =>
    end.states[service].includes(stateOf(order, service)) || (mayBePurged && order[service] === undefined);
  if (order.intake === undefined && !mayBePurged)
    return [["unknown-order", "a service keeps it, but intake never accepted it"]];
  if (stateOf(order, "stock") === "tombstone") {
    return [["tombstone", "stock was told to release it before it ever held it"]];
  }
  if (ends.some((end) => services.every((service) => agrees(service, end)))) return [];
  const deciding = services.filter((service) => service !== "intake");
  const agreed = ends.find((end) => deciding.every((service) => agrees(service, end)));
  const shown = stateOf(order, "intake");
  if (agreed !== undefined) return [["view", `it ended ${agreed.name}, but intake shows ${shown}`]];
  const ended = services.flatMap((service) => {
    const end = ends.find(({ states }) => states[service].includes(stateOf(order, service)));
    return end === undefined || stateOf(order, service) === "none" ? [] : [{ service, name: end.name }];
  });
  if (new Set(ended.map(({ name }) => name)).size > 1) {
    return [["disagreed-end", `two ends: ${ended.map(({ service, name }) => `${name} by ${service}`).join(", ")}`]];
  }
  const open = services.filter((service) => !ended.some((end) => end.service === service));
  return [["no-end", `every message about it was read, and it has not ended at ${open.join(", ")}`]];
}

/** Each fact that several services keep must be the same everywhere. */
function differences({ intake, stock, order, payment }: WholeOrder): string[] {
  const told = stock?.told ?? undefined;
  const facts: Record<string, Partial<Record<string, string | number | null | undefined>>> = {
    customer: kept(intake?.customerId, order?.customerId, payment?.customerId, told?.customerId),
    currency: kept(intake?.currency, order?.currency, payment?.currency, told?.currency),
    total: kept(intake?.totalMinor, order?.totalMinor, payment?.amountMinor, told?.totalMinor),
    lines: {
      intake: linesText(intake?.lines),
      stock: linesText(stock?.lines),
      "stock.success": linesText(told?.lines),
    },
    reason: reasons(intake?.reason, stock?.reason, order?.reason, payment?.reason),
    refund: { intake: intake?.refundedMinor, payment: refundOf(intake?.status, payment) },
  };
  return Object.entries(facts).flatMap(([fact, values]) => {
    const known = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
    if (new Set(known.map(([, value]) => value)).size < 2) return [];
    return [`the ${fact} differs: ${known.map(([where, value]) => `${value} at ${where}`).join(", ")}`];
  });
}

type Fact = string | number | null | undefined;

function kept(intake: Fact, order: Fact, payment: Fact, told: Fact) {
  return { intake, order, payment, "stock.success": told };
}

/** An operator who discards a dead message cannot know the reason that was in it. */
function reasons(intake: Fact, stock: Fact, order: Fact, payment: Fact) {
  const all = Object.entries({ intake, stock, order, payment });
  return Object.fromEntries(all.filter(([, reason]) => reason !== "discarded"));
}

/** Pence that a cancelled order gave back, as far as intake must know. */
function refundOf(shown: string | undefined, payment: WholeOrder["payment"]): number | null {
  if (shown !== "cancelled") return null;
  return payment?.status === "refunded" ? payment.amountMinor : 0;
}

/** Equal for the same lines in any order; undefined where none are kept. */
function linesText(lines: readonly Line[] | undefined): string | undefined {
  if (lines === undefined || lines.length === 0) return undefined;
  const texts = lines.map(({ productId, quantity }) => `${quantity} ${productId}`);
  return (texts.length === 1 ? texts : texts.sort()).join(" + ");
}

function priceErrors({ stock }: WholeOrder): string[] {
  const told = stock?.told;
  if (told == null || told.totalMinor === null) return [];
  const sum = told.lines.reduce((total, { quantity, priceMinor }) => total + quantity * priceMinor, 0);
  if (sum === told.totalMinor) return [];
  return [`its lines cost ${sum} at the prices that stock told, but the total that it told is ${told.totalMinor}`];
}

/** A service's row in words. */
function describe(order: WholeOrder, service: Service): string {
  const row = order[service];
  if (row === undefined) return "knows nothing of it";
  const parts: string[] = [row.reason === null ? row.status : `${row.status} (${row.reason})`];
  if ("customerId" in row && row.customerId !== null) parts.push(`customer ${row.customerId}`);
  if ("lines" in row && row.lines.length > 0) parts.push(shortened(linesText(row.lines) ?? ""));
  const amount = "amountMinor" in row ? row.amountMinor : "totalMinor" in row ? row.totalMinor : null;
  const currency = "currency" in row ? row.currency : null;
  if (amount !== null) parts.push(`${amount} ${currency ?? ""} minor units`);
  return parts.join(", ");
}

const shortened = (text: string) => (text.length <= 100 ? text : `${text.slice(0, 97)}...`);
