// A worker that handles message by message: bun worker-process.ts SERVICE, with the settings of settings.ts.
import process from "node:process";
import { stopWithParent } from "../../cli/start/stop-with-parent.ts";

stopWithParent();
const service = process.argv[2];
if (service === "intake") await import("./intake.ts");
else await import(new URL(`../../workers/${service}/main.ts`, import.meta.url).href);
