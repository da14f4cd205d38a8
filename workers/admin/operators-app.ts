import type { Hono } from "hono";
import { type AdminParts, createAdminApp } from "./admin-app.ts";
import { type BackupParts, serveBackup } from "./backup.ts";
import { type RecoveryParts, serveRecovery } from "./recovery.ts";

/** All that a service's operators are served: what they do to messages, to the store, and after a disaster. */
export function createOperatorsApp(token: string, parts: AdminParts & BackupParts & RecoveryParts): Hono {
  const app = createAdminApp(token, parts);
  serveBackup(app, parts);
  serveRecovery(app, parts);
  return app;
}
