import { useEffect, useState } from "preact/hooks";
import { type RequestError, request } from "./access.tsx";
import { formTexts } from "./form-texts.ts";

/** Who closes dead letters: the trail keeps the name. */
export interface Operator {
  readonly name: string;
  readonly token: string;
}

// For as long as the tab is open, as the shop's own token.
const key = "orderwright-operator";
const changed = new EventTarget();
let isRefused = false;

function current(): Operator | undefined {
  const text = sessionStorage.getItem(key);
  return text === null ? undefined : (JSON.parse(text) as Operator);
}

function set(operator: Operator | undefined): void {
  if (operator === undefined) sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, JSON.stringify(operator));
  changed.dispatchEvent(new Event("change"));
}

/** Asks a service by way of intake, with the operators' token. @throws RequestError */
export async function askOperators<T>(path: string, init: RequestInit = {}): Promise<T> {
  const operator = current();
  try {
    return await request<T>(`/operators/${path}`, init, { authorization: `Bearer ${operator?.token ?? ""}` });
  } catch (error) {
    if ((error as RequestError).status === 401 && current()?.token === operator?.token) {
      isRefused = true;
      set(undefined);
    }
    throw error;
  }
}

export function useOperator(): Operator | undefined {
  const [operator, setOperator] = useState(current);
  useEffect(() => {
    const read = () => setOperator(current());
    changed.addEventListener("change", read);
    read();
    return () => changed.removeEventListener("change", read);
  }, []);
  return operator;
}

/** Who it is, and the way out. */
export function SignedIn({ operator }: { operator: Operator }) {
  const leave = () => {
    isRefused = false;
    set(undefined);
  };
  return (
    <p class="muted small">
      As {operator.name}.{" "}
      <button type="button" class="plain" onClick={leave}>
        Forget the token
      </button>
    </p>
  );
}

export function OperatorForm() {
  const enter = (event: Event) => {
    event.preventDefault();
    const given = formTexts(event);
    isRefused = false;
    set({ name: given.get("name") ?? "", token: given.get("token") ?? "" });
  };
  return (
    <section class="card narrow">
      <h1>Dead letters are for operators</h1>
      <p>
        The token is what the services were started with as ADMIN_TOKEN; of an <code>npm start</code> it is in{" "}
        <code>admin.json</code> in its data folder. It is kept until this tab is closed.
      </p>
      <div role="alert" class="notices">
        {isRefused && <p class="notice bad">That is not the operators’ token.</p>}
      </div>
      <form class="stacked" onSubmit={enter}>
        <label>
          Your name, for the trail
          <input name="name" autocomplete="username" required maxLength={100} />
        </label>
        <label>
          Operators’ token
          <input name="token" type="password" autocomplete="current-password" required />
        </label>
        <button type="submit" class="primary">
          Enter
        </button>
      </form>
    </section>
  );
}
