import { useEffect, useState } from "preact/hooks";

// For as long as the tab is open: a token that a closed browser keeps is one that the next person finds.
const key = "orderwright-token";
const changed = new EventTarget();
let isRefused = false;

/** Headers of every request to intake. */
export function accessHeaders(): Record<string, string> {
  const token = sessionStorage.getItem(key);
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** Intake wants a token, or another one. */
export function refused(): void {
  isRefused = true;
  changed.dispatchEvent(new Event("change"));
}

export function useAccess(): { readonly isRefused: boolean } {
  const [state, setState] = useState(isRefused);
  useEffect(() => {
    const read = () => setState(isRefused);
    changed.addEventListener("change", read);
    read();
    return () => changed.removeEventListener("change", read);
  }, []);
  return { isRefused: state };
}

/** A problem document's words, for people. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** Asks intake with the shop's token. @throws RequestError */
export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  try {
    return await request<T>(path, init, accessHeaders());
  } catch (error) {
    if ((error as RequestError).status === 401) refused();
    throw error;
  }
}

/** @throws RequestError */
export async function request<T>(path: string, init: RequestInit, access: Record<string, string>): Promise<T> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, { ...init, headers: { ...access, ...(init.headers as Record<string, string>) } });
    text = await response.text();
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    throw new RequestError("Intake does not answer. Is it running, and is there a network?", 0);
  }
  if (response.ok) return JSON.parse(text) as T;
  throw new RequestError(wordsOf(text) ?? `Intake answered with ${response.status}`, response.status);
}

function wordsOf(text: string): string | undefined {
  try {
    const { title, detail, errors } = JSON.parse(text) as {
      title?: string;
      detail?: string;
      errors?: { pointer: string; detail: string }[];
    };
    const fields = (errors ?? []).map((error) => `${error.pointer} ${error.detail}`);
    return [detail ?? title, ...fields].filter(Boolean).join("; ");
  } catch {
    return undefined;
  }
}

export function TokenForm() {
  const [token, setToken] = useState("");
  const enter = (event: Event) => {
    event.preventDefault();
    sessionStorage.setItem(key, token.trim());
    isRefused = false;
    changed.dispatchEvent(new Event("change"));
  };
  return (
    <section class="card narrow">
      <h1>This shop wants a token</h1>
      <p>It is what intake was started with as HTTP_TOKEN. It is kept until this tab is closed.</p>
      <form onSubmit={enter}>
        <label>
          Token
          <input
            type="password"
            autocomplete="current-password"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary" disabled={token.trim() === ""}>
          Enter
        </button>
      </form>
    </section>
  );
}
