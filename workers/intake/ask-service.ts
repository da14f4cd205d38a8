import { problem } from "#contracts/http.ts";

/** What a service says of itself. */
export type ServiceAnswer =
  | { readonly isThere: false; readonly detail: string }
  | {
      readonly isThere: true;
      /** Why nothing should be sent there now; empty: ready. */
      readonly notReady: readonly string[];
      /** In Prometheus' text format. */
      readonly metrics: string;
    };

/** A service that takes longer is as good as down to who watches. */
const answerWithinMs = 2_000;

/** Asks `/ready` and `/metrics`. Never rejects. */
export async function askService(url: string, bearerToken: string | undefined): Promise<ServiceAnswer> {
  const headers: Record<string, string> = bearerToken === undefined ? {} : { authorization: `Bearer ${bearerToken}` };
  const init = { headers, signal: AbortSignal.timeout(answerWithinMs) };
  try {
    const [ready, metrics] = await Promise.all([fetch(`${url}/ready`, init), fetch(`${url}/metrics`, init)]);
    const [said, figures] = await Promise.all([ready.text(), metrics.text()]);
    return { isThere: true, notReady: ready.ok ? [] : [reasonIn(said)], metrics: metrics.ok ? figures : "" };
  } catch (error) {
    const isLate = error instanceof Error && error.name === "TimeoutError";
    return { isThere: false, detail: isLate ? `no answer within ${answerWithinMs / 1_000} s` : "nobody answers" };
  }
}

/** Of a problem document. */
function reasonIn(text: string): string {
  try {
    const { detail, title } = problem.parse(JSON.parse(text));
    return detail ?? title;
  } catch {
    return "not ready";
  }
}
