import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import type { Hono } from "hono";
import { sql } from "drizzle-orm";
import type { LearnReport } from "#bus/recover/learn.ts";
import type { Log } from "#bus/log.ts";
import { ConsumeRefusedError } from "#bus/consume/offset-judge.ts";
import type { Recovery } from "#bus/recover/recovery.ts";
import type { Bus } from "#bus/start-bus.ts";
import { recoveryRequest, type RecoveryReport, type RecoveryState } from "#contracts/recovery.ts";
import { copyStore } from "#db/copy-store.ts";
import { filePath, type StoreAddress } from "#db/connection.ts";
import type { Migration } from "#db/migrate.ts";
import { openStore, type Store } from "#db/open-store.ts";
import { appendTrail } from "#db/trail.ts";
import { readBody } from "../http/json-body.ts";
import { ProblemError } from "../http/problem.ts";
import { adminBodyBytesAtMost } from "./dead-letters.ts";

export interface RecoveryParts {
  readonly store: Store;
  readonly address: StoreAddress;
  readonly migrations: readonly Migration[];
  readonly bus: Pick<Bus, "refusal" | "planRecovery" | "recover" | "publishUnread">;
  readonly recovery: Recovery;
  readonly log: Log;
  /** Aborts when the worker stops. */
  readonly signal: AbortSignal;
}

type Job = NonNullable<RecoveryState["job"]>;

/** How a service goes on after a disaster. A recovery takes as long as reading topics does: it is begun, and asked after. */
export function serveRecovery(app: Hono, parts: RecoveryParts): void {
  const { bus, store, log, signal } = parts;
  let job: Job | undefined;

  const stateNow = (): RecoveryState => {
    const refusal = bus.refusal();
    const disaster = refusal instanceof ConsumeRefusedError ? refusal.disaster : "unknown";
    return { refusal: refusal ? { disaster, message: refusal.message } : null, job: job ?? null };
  };

  app.get("/recovery", (context) => context.json(stateNow()));

  app.post("/recovery", async ({ req }) => {
    const { operator, why, dryRun } = await readBody(req.raw, recoveryRequest, adminBodyBytesAtMost);
    if (job?.state === "running") throw conflict("A recovery is under way");
    const refusal = bus.refusal();
    if (refusal === undefined) throw conflict("The service consumes: there is nothing to recover from");
    const begun: Job = { dryRun, state: "running", report: null, error: null };
    job = begun;
    const doing = dryRun ? planOnCopy(parts) : recoverNow(parts, { operator, why, subject: refusal.message });
    void doing.then(
      (report) => {
        job = { ...begun, state: "done", report: reportOf(report) };
        log({ level: "info", message: dryRun ? "a recovery was tried on a copy" : "recovered", ...sums(report) });
      },
      (error: Error) => {
        job = { ...begun, state: "failed", error: error.message };
        log({ level: "error", message: "a recovery failed", error: error.message });
      },
    );
    return Response.json(stateNow(), { status: 202 });
  });

  app.post("/unread/publish-again", async ({ req }) => {
    const { operator, why, dryRun } = await readBody(req.raw, recoveryRequest, adminBodyBytesAtMost);
    const messages = await countUnread(store, signal);
    if (dryRun) return Response.json({ messages });
    await bus.publishUnread();
    const effect = `${messages} messages that not all had read go out again`;
    await store.write(signal, (tx) =>
      appendTrail(tx, { atMs: Date.now(), operator, why, action: "publish unread", subject: "the outbox", effect }),
    );
    return Response.json({ messages });
  });
}

const conflict = (detail: string) =>
  new ProblemError({ kind: "nothing-to-recover", status: 409, title: "Nothing was done", detail });

/** The store is as it was afterwards, and the figures are those of the real run. */
async function planOnCopy({ address, migrations, bus, recovery, signal }: RecoveryParts): Promise<LearnReport> {
  const path = filePath(address.url);
  if (path === undefined) {
    throw new Error(
      "a dry run works on a copy of the store, which is at a libSQL server: it cannot be tried, only done",
    );
  }
  const toPath = `${path}.dry-run-${randomUUID()}`;
  try {
    await copyStore({ store: address, toPath, signal });
    const copy = await openStore({ url: `file:${toPath}`, migrations }, signal);
    try {
      return await bus.planRecovery(recovery, copy);
    } finally {
      await copy.close();
    }
  } finally {
    for (const end of ["", "-wal", "-shm"]) rmSync(`${toPath}${end}`, { force: true });
  }
}

function recoverNow({ bus, recovery }: RecoveryParts, signed: { operator: string; why: string; subject: string }) {
  return bus.recover(recovery, (tx) => {
    const effect = "learned what it had published, and reads its topics from their beginning";
    return appendTrail(tx, { ...signed, atMs: Date.now(), action: "recover", effect });
  });
}

function reportOf({ begins, storeReadUntilMs, ...report }: LearnReport): RecoveryReport {
  const topics = new Map<string, { topic: string; records: number; skipped: number }>();
  for (const { topic, records, skipped } of begins) {
    const sum = topics.get(topic) ?? { topic, records: 0, skipped: 0 };
    topics.set(topic, { topic, records: sum.records + records, skipped: sum.skipped + skipped });
  }
  const { facts, restored, rows, completed, problems, advice } = report;
  return {
    facts,
    restored,
    rows,
    completed,
    problems: [...problems],
    advice: [...advice],
    storeReadUntilMs: storeReadUntilMs ?? null,
    begins: [...topics.values()],
  };
}

const sums = ({ facts, restored, rows, completed }: LearnReport) => ({ facts, restored, rows, completed });

async function countUnread(store: Store, signal: AbortSignal): Promise<number> {
  const [found] = await store.read(signal, (database) =>
    database.all<{ messages: number }>(sql`
      SELECT count(*) AS messages FROM instances JOIN outbox USING (instance_id) WHERE seq > read_seq`),
  );
  return found?.messages ?? 0;
}
