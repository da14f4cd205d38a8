import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { trailPage } from "#contracts/admin.ts";
import { migrations } from "#db/order/migrations.ts";
import { appendTrail } from "#db/trail.ts";
import { createServiceApp } from "../http/service-app.ts";
import { createOrderHandler } from "../order/handlers.ts";
import { openServiceUnderTest, type ServiceUnderTest } from "../testing/service-under-test.ts";
import { createAdminApp } from "./admin-app.ts";

const { signal } = new AbortController();
let service: ServiceUnderTest;
beforeEach(async () => void (service = await openServiceUnderTest("order", migrations)));
afterEach(() => service.remove());

function appWith(adminToken: string | undefined) {
  const { store, bus, log } = service;
  const admin = adminToken === undefined ? undefined : createAdminApp(adminToken, { store, bus, handler, log });
  return createServiceApp({ bearerToken: "shop", admin, notReady: () => [], metrics: () => "", log });
}

const handler = createOrderHandler({ deadlineAfterMs: 1, accountCurrency: "GBP", totalLimitMinor: 1 });

const get = (adminToken: string | undefined, token?: string) =>
  Promise.resolve(
    appWith(adminToken).request(
      "/admin/trail",
      token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
    ),
  );

const heal = { operator: "ann", why: "a corrupt copy", action: "heal", subject: "dead letter 1", effect: "healed" };

describe("what operators are served", () => {
  test("needs their own token: the shop's opens nothing, and it opens nothing of the shop", async () => {
    assert.equal((await get("operators")).status, 401);
    assert.equal((await get("operators", "shop")).status, 401);
    assert.equal((await get("operators", "operators")).status, 200);
    const metrics = await appWith("operators").request("/metrics", { headers: { authorization: "Bearer operators" } });
    assert.equal(metrics.status, 401);
  });

  test("is nothing at all where no token is set, whatever is shown", async () => {
    assert.equal((await get(undefined, "shop")).status, 404);
    assert.equal((await get(undefined, "")).status, 401);
  });
});

describe("the trail", () => {
  test("shows what was done, the newest first", async () => {
    await service.store.write(signal, (tx) => appendTrail(tx, { ...heal, atMs: 1 }));
    await service.store.write(signal, (tx) => appendTrail(tx, { ...heal, atMs: 2, action: "replay" }));
    const { entries } = trailPage.parse(await (await get("operators", "operators")).json());
    assert.deepEqual(entries, [
      { ...heal, id: 2, atMs: 2, action: "replay" },
      { ...heal, id: 1, atMs: 1 },
    ]);
  });
});
