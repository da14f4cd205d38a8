import process from "node:process";

/** Nothing is lost by an end that is not waited for: what is in hand is done again by the next start. */
const graceMs = 3_000;

/**
 * Ends this process when its parent is gone, however that ended: standard input is a pipe that ends with it. Asks first, as
 * SIGTERM does; with the parent its broker is mostly gone too, so what it asks may not come to an end.
 */
export function stopWithParent(): void {
  process.stdin.on("error", () => {});
  process.stdin.on("end", () => {
    setTimeout(() => process.kill(process.pid, "SIGKILL"), graceMs);
    process.kill(process.pid, "SIGTERM");
  });
  process.stdin.resume();
}
