import { useEffect, useState } from "preact/hooks";
import type { Reason } from "#contracts/fields.ts";
import type { OrderPage, OrderView } from "#contracts/http.ts";
import { ask, type RequestError } from "./access.tsx";
import { Choice } from "./choice.tsx";
import { formTexts } from "./form-texts.ts";
import { FoundTable } from "./found-table.tsx";
import { goTo, usePath } from "./paths.tsx";

/** Both held to the contract by their types, which keeps zod out of the page: one more or less there does not compile here. */
const states = Object.keys({
  received: true,
  created: true,
  paid: true,
  rejected: true,
  cancelled: true,
} satisfies Record<OrderView["status"], true>);
const reasons = Object.keys({
  "stock-short": true,
  "unknown-product": true,
  "balance-short": true,
  "unknown-customer": true,
  "currency-mismatch": true,
  "total-over-limit": true,
  customer: true,
  deadline: true,
  discarded: true,
} satisfies Record<Reason, true>);

const fields = ["customer", "key", "status", "reason"] as const;
type Query = Partial<Record<(typeof fields)[number], string>>;

/** Orders by what people have at hand. What is looked for is in the address, so that it can be shared. */
export function FindPage() {
  const { searchParams } = usePath();
  const asked: Query = Object.fromEntries(
    fields.flatMap((name) => (searchParams.get(name) ? [[name, searchParams.get(name)]] : [])),
  );
  return (
    <>
      <h1>Find an order</h1>
      <FindForm key={searchParams.toString()} asked={asked} />
      <Found key={`found ${searchParams.toString()}`} query={asked} />
    </>
  );
}

function FindForm({ asked }: { asked: Query }) {
  const submit = (event: Event) => {
    event.preventDefault();
    const given = formTexts(event);
    const id = given.get("id");
    if (id !== undefined) return goTo(`/order/${encodeURIComponent(id)}`);
    const text = new URLSearchParams([...given]).toString();
    return goTo(text === "" ? "/find" : `/find?${text}`);
  };
  return (
    <form class="card find" onSubmit={submit}>
      <label class="wide">
        Order id
        <input name="id" autocomplete="off" spellcheck={false} placeholder="01a205b6-…" />
      </label>
      <label>
        Invoice number (Idempotency-Key)
        <input name="key" autocomplete="off" spellcheck={false} defaultValue={asked.key ?? ""} />
      </label>
      <label>
        Customer
        <input name="customer" autocomplete="off" spellcheck={false} defaultValue={asked.customer ?? ""} />
      </label>
      <Choice name="status" label="State" options={states} value={asked.status} />
      <Choice name="reason" label="Reason" options={reasons} value={asked.reason} />
      <button type="submit" class="primary">
        Find
      </button>
    </form>
  );
}

interface State {
  readonly orders: readonly OrderView[];
  readonly next?: string | undefined;
  readonly isLoading: boolean;
  readonly error?: string;
}

/** A page of intake's may be short and yet have a next one: it looks through a few thousand orders at a time. */
const pagesAtOnce = 20;
const pageSize = 25;

function Found({ query }: { query: Query }) {
  const [state, setState] = useState<State>({ orders: [], isLoading: true });
  const load = async (cursor: string | undefined, signal?: AbortSignal) => {
    let orders = cursor === undefined ? [] : state.orders;
    let next = cursor;
    setState({ orders, isLoading: true });
    try {
      const wanted = orders.length + pageSize;
      for (
        let page = 0;
        page < pagesAtOnce && orders.length < wanted && (page === 0 || next !== undefined);
        page += 1
      ) {
        const search = new URLSearchParams({
          ...query,
          limit: String(wanted - orders.length),
          ...(next === undefined ? {} : { cursor: next }),
        });
        const found = await ask<OrderPage>(`/orders?${search}`, signal === undefined ? {} : { signal });
        orders = [...orders, ...found.orders];
        ({ next } = found);
      }
      setState({ orders, next, isLoading: false });
    } catch (error) {
      if (signal?.aborted !== true) setState({ orders, isLoading: false, error: (error as RequestError).message });
    }
  };
  useEffect(() => {
    const leaving = new AbortController();
    void load(undefined, leaving.signal);
    return () => leaving.abort();
  }, []);
  return <FoundTable {...state} isAny={Object.keys(query).length === 0} onMore={() => void load(state.next)} />;
}
