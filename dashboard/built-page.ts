import { readFileSync } from "node:fs";

/** A file of the page, as `bundle.ts` leaves it. */
export interface BuiltFile {
  readonly type: string;
  /** Of the content, for `If-None-Match`. */
  readonly etag: string;
  /** Base64, plain and compressed. */
  readonly content: string;
  readonly brotli: string;
  readonly gzip: string;
}

export interface BuiltPage {
  /** Of all that it was made from. */
  readonly sources: string;
  /** Files of packages that are in it, relative to the project. */
  readonly packages: readonly string[];
  /** By path, such as `/assets/page.js`; the page itself is `/`. */
  readonly files: Readonly<Record<string, BuiltFile>>;
}

const file = new URL("../.cache/dashboard/page.json", import.meta.url);

/** The page; undefined when `npm run setup` has not been run. A binary has another module in this one's place. */
export function readBuiltPage(): BuiltPage | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as BuiltPage;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
