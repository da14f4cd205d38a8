// `orderwright` for a test: it ends with the test, however that ends.
import process from "node:process";
import { stopWithParent } from "./stop-with-parent.ts";

stopWithParent();
await import("../main.ts");
// Standard input would keep it running.
process.exit();
