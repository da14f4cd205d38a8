import { fileURLToPath } from "node:url";

/** Where `start` keeps its stores, and `audit` looks for them, unless told otherwise. */
export const defaultDataFolder = fileURLToPath(new URL("../.orderwright", import.meta.url));
