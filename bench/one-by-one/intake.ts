// Intake without its group commit: each request is a transaction of its own. All else is intake's.
import { createOrderPlacement } from "#workers/intake/place-orders.ts";
import { migrations } from "#db/intake/migrations.ts";
import { countInFlight } from "#workers/intake/accepted-orders.ts";
import { createAdmission } from "#workers/intake/admission.ts";
import { createViewHandler } from "#workers/intake/handlers.ts";
import { createIntakeApp } from "#workers/intake/http.ts";
import { createOrderDurations } from "#workers/intake/order-durations.ts";
import { readIntakeSettings } from "#workers/intake/settings.ts";
import { runMain } from "#workers/run-main.ts";
import { oneAtATime } from "./one-at-a-time.ts";

const never = new AbortController().signal;

await runMain("intake", readIntakeSettings, (settings) => {
  const durations = createOrderDurations();
  return {
    migrations,
    handler: createViewHandler(durations.observe),
    createApp(parts) {
      const { store, bus } = parts;
      const nowMs = () => Date.now();
      const admission = createAdmission({
        ...settings,
        countInFlight: () => store.read(never, countInFlight),
        outboxAgeMs: () => nowMs() - (bus.outbox().oldestAtMs ?? nowMs()),
        nowMs,
      });
      const metrics = () => parts.metrics() + durations.render();
      // A group is what comes while the last one commits: nothing comes, as the next is only given when the last has ended.
      const placeOrder = oneAtATime(createOrderPlacement(bus.write, never));
      return createIntakeApp({ ...parts, metrics, admission, placeOrder });
    },
  };
});
