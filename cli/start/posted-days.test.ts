import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { days } from "#data/days.ts";
import { temporaryFolder } from "#db/temporary-store.ts";
import { nextDay, openPostedDays, readOrderFile } from "./posted-days.ts";
import { StartError } from "./start-error.ts";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

describe("a data folder", () => {
  test("gets the days one after another, over restarts, and none after the last", () => {
    const names: (string | undefined)[] = [];
    for (let start = 0; start <= days.length; start += 1) {
      const posted = openPostedDays(folder.path);
      const day = nextDay(posted);
      names.push(day?.name);
      if (day) posted.add(day);
    }
    assert.deepEqual(names, ["2010-12-01", "2010-12-02", "2010-12-03", "2010-12-05", "2010-12-06", undefined]);
  });

  test("gets a day again that was not posted whole", () => {
    assert.equal(nextDay(openPostedDays(folder.path))?.name, "2010-12-01");
    assert.equal(nextDay(openPostedDays(folder.path))?.name, "2010-12-01");
  });

  test("whose list is damaged is refused, not taken for an empty one", () => {
    writeFileSync(join(folder.path, "posted.json"), "{");
    assert.throws(() => openPostedDays(folder.path), StartError);
  });
});

describe("a file of orders", () => {
  test("is told from another by its content: an edited copy has requests of its own", () => {
    const path = join(folder.path, "copy.csv");
    const header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
    const line = (quantity: number) => `1,85123A,MUG,${quantity},2010-12-01 08:26:00,2.55,17850,UK\n`;
    writeFileSync(path, header + line(1));
    const { id } = readOrderFile(path);
    assert.equal(readOrderFile(path).id, id);
    writeFileSync(path, header + line(2));
    assert.notEqual(readOrderFile(path).id, id);
  });

  test("that cannot be read is named with the reason", () => {
    const path = join(folder.path, "broken.csv");
    writeFileSync(path, "a,b\n1,2\n");
    assert.throws(() => readOrderFile(path), /broken\.csv holds no orders that can be read: line 1/);
  });
});
