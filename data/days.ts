import { fileURLToPath } from "node:url";

/** The days of Online Retail that the project carries, oldest first: paths of their files. */
export const days: readonly string[] = ["2010-12-01", "2010-12-02", "2010-12-03", "2010-12-05", "2010-12-06"].map(
  (day) => fileURLToPath(new URL(`./online-retail/${day}.csv`, import.meta.url)),
);
