// Runs a worker as a child of `orderwright start`: bun worker-process.ts SERVICE.
import process from "node:process";
import { stopWithParent } from "./stop-with-parent.ts";

stopWithParent();
const service = process.argv[2];
await import(new URL(`../../workers/${service}/main.ts`, import.meta.url).href);
