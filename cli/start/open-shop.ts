import { openShop, type Opening } from "#data/shop.ts";
import type { OrderFile } from "./posted-days.ts";
import type { Addresses } from "./addresses.ts";
import type { ShopHttp } from "./shop-http.ts";
import { StartError } from "./start-error.ts";

/** Entries of one request, as the contracts limit them. */
const entriesAtMost = 1_000;

/** For whoever tries the shop by hand. */
export const visitor = { customerId: "you", amountMinor: 10_000, pieces: 10 } as const;

/** What the page offers to whoever tries the shop: plenty of mugs, one that is known and never there, one that stock chokes on. */
export const demoProducts = {
  mug: "demo-mug",
  rare: "demo-rare",
  jinxed: "demo-jinxed",
  priceMinor: 450,
  pieces: 10_000,
} as const;

/** A customer whose payments payment chokes on. */
export const unlucky = { customerId: "unlucky" } as const;

/**
 * Sets prices, stocks the shelves and tops up accounts for the orders of a file. Its keys come from the file's content, so
 * what was done before a start broke off is not done again.
 * @throws StartError when a service refuses
 */
export async function openShopFor(file: OrderFile, addresses: Addresses, http: ShopHttp): Promise<Opening> {
  const opening = openShop(file.day);
  const send = async (method: "POST" | "PUT", url: string, name: string, body: unknown) => {
    const { status, body: text } = await http.send({ method, url, idempotencyKey: `${file.id}/${name}`, body });
    if (status >= 300) throw new StartError(`${method} ${url} for ${file.name} was answered with ${status}: ${text}`);
  };
  for (const [index, prices] of parts(opening.prices)) {
    await send("PUT", `${addresses.stock}/prices`, `prices/${index}`, { prices });
  }
  for (const [index, items] of parts(opening.restock)) {
    await send("POST", `${addresses.stock}/restocks`, `restock/${index}`, { items });
  }
  for (const [index, topUps] of parts(opening.topUps)) {
    await send("POST", `${addresses.payment}/top-ups`, `top-ups/${index}`, { currency: "GBP", topUps });
  }
  const { mug, rare, jinxed, priceMinor, pieces: mugs } = demoProducts;
  const demoPrices = [mug, rare, jinxed].map((productId) => ({ productId, priceMinor }));
  await send("PUT", `${addresses.stock}/prices`, "demo/prices/2", { prices: demoPrices });
  const demoItems = [mug, jinxed].map((productId) => ({ productId, quantity: mugs }));
  await send("POST", `${addresses.stock}/restocks`, "demo/restock/2", { items: demoItems });
  const { amountMinor, pieces } = visitor;
  const topUps = [visitor, unlucky].map(({ customerId }) => ({ customerId, amountMinor }));
  await send("POST", `${addresses.payment}/top-ups`, "visitor/top-up/2", { currency: "GBP", topUps });
  const [first] = opening.restock;
  const items = first === undefined ? [] : [{ productId: first.productId, quantity: pieces }];
  if (items.length > 0) await send("POST", `${addresses.stock}/restocks`, "visitor/restock", { items });
  return opening;
}

function* parts<T>(entries: readonly T[]): Generator<readonly [index: number, part: readonly T[]]> {
  for (let start = 0; start < entries.length; start += entriesAtMost) {
    yield [start / entriesAtMost, entries.slice(start, start + entriesAtMost)];
  }
}
