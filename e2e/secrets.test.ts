import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startTestBroker } from "#bus/testing.ts";
import { type LibsqlServer, startLibsqlServer } from "#db/server-double/server.ts";
import { temporaryFolder } from "#db/temporary-store.ts";
import type { EmbeddedBroker } from "#kafka/embedded-broker/start.ts";
import { until } from "#kafka/testing.ts";
import { freePort, startWorker, type Worker } from "./worker.ts";

const secrets = {
  KAFKA_SASL_PASSWORD: "hush-sasl",
  HTTP_TOKEN: "hush-http",
  ADMIN_TOKEN: "hush-admin",
  STORE_AUTH_TOKEN: "hush-store",
} as const;

describe("what a worker writes", () => {
  const folder = temporaryFolder();
  let broker: EmbeddedBroker;
  let store: LibsqlServer;
  let worker: Worker;
  before(async () => {
    broker = await startTestBroker();
    store = await startLibsqlServer(join(folder.path, "stock.db"), { authToken: secrets.STORE_AUTH_TOKEN });
    const adminTokenFile = join(folder.path, "admin-token");
    writeFileSync(adminTokenFile, `${secrets.ADMIN_TOKEN}\n`);
    const { ADMIN_TOKEN: _, ...others } = secrets;
    worker = startWorker({
      service: "stock",
      runtime: "Bun",
      port: await freePort(),
      root: "/",
      environment: {
        ...others,
        ADMIN_TOKEN_FILE: adminTokenFile,
        // The broker knows no SASL, so the client has something to complain of.
        KAFKA_BROKERS: broker.bootstrapServers,
        KAFKA_SECURITY_PROTOCOL: "SASL_PLAINTEXT",
        KAFKA_SASL_MECHANISM: "PLAIN",
        KAFKA_SASL_USERNAME: "shop",
        STORE_URL: store.url,
        INSTANCE_ID: "the-instance",
      },
    });
    await worker.listening();
  });
  after(async () => {
    worker.signal("SIGKILL");
    await worker.ended;
    await broker.kill9();
    await store.close();
    folder.remove();
  });

  const ask = (path: string, token: string, method = "GET") =>
    fetch(`${worker.url}${path}`, { method, headers: { authorization: `Bearer ${token}` } });

  test("holds no secret: not when it starts, is refused by the broker, is asked with right and wrong tokens, or stops", async () => {
    const answers = [
      await ask("/prices?product=mug", secrets.HTTP_TOKEN),
      await ask("/prices?product=mug", `${secrets.HTTP_TOKEN}x`),
      await ask("/admin/trail", secrets.ADMIN_TOKEN),
      await ask("/admin/trail", secrets.HTTP_TOKEN),
      await ask("/restocks", secrets.HTTP_TOKEN, "POST"),
      await fetch(`${worker.url}/ready`),
      await ask("/metrics", secrets.HTTP_TOKEN),
    ];
    assert.equal(answers[2]?.status, 200, "the admin token was read from its file");
    const said = await Promise.all(answers.map((answer) => answer.text()));
    await until("the client's complaint", () => /SASL|sasl|authenticat/.test(worker.output()));
    worker.signal("SIGTERM");
    await worker.ended;
    const written = worker.output() + said.join("\n");
    assert.match(written, /the-instance/, "the log is seen at all");
    assert.doesNotMatch(written, /hush/);
  });

  test("holds none either when it refuses its settings", async () => {
    const environment = {
      ...secrets,
      KAFKA_BROKERS: "me:hush-broker@a:9092",
      STORE_URL: "libsql://s?authToken=hush-url",
    };
    const refused = startWorker({ service: "order", runtime: "Bun", port: 0, root: "/", environment });
    assert.equal(await refused.ended, "status 1");
    assert.match(refused.output(), /order: STORE_URL has a token or a password in it/);
    assert.doesNotMatch(refused.output(), /hush/);
  });
});
