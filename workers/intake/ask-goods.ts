import { orderGoods, type OrderGoods } from "#contracts/http.ts";
import { notFound, unavailable } from "../http/problem.ts";

/** Somebody looks at the page meanwhile. */
const answerWithinMs = 2_000;

export type AskGoods = (orderId: string, signal: AbortSignal) => Promise<OrderGoods>;

/**
 * Asks stock what became of an order's goods: its release is no message, so intake's view cannot have it.
 * @throws ProblemError when stock is away, or has not seen the order
 */
export function createAskGoods(stockUrl: string | undefined, bearerToken: string | undefined): AskGoods {
  const headers: Record<string, string> = bearerToken === undefined ? {} : { authorization: `Bearer ${bearerToken}` };
  return async (orderId, signal) => {
    if (stockUrl === undefined) throw unavailable("Intake was not told where stock is (STOCK_URL)", 60);
    const timely = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${stockUrl}/orders/${encodeURIComponent(orderId)}`, { headers, signal: timely });
      text = await response.text();
    } catch {
      throw unavailable("Stock does not answer", 1);
    }
    if (response.ok) return orderGoods.parse(JSON.parse(text));
    if (response.status === 404) throw notFound(`Stock has not seen an order ${orderId}`);
    throw unavailable(`Stock answered with ${response.status}`, 1);
  };
}
