import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createProgress } from "./progress.mjs";

function play(isTTY: boolean) {
  let written = "";
  const progress = createProgress({ isTTY, write: (text: string) => (written += text) });
  progress.wait("waiting for the build of process 7");
  progress.wait("waiting for the build of process 7");
  progress.say("building");
  progress.begin("configuring", 1, 0.1);
  progress.advance();
  progress.begin("compiling", 4, 0.8);
  progress.advance();
  progress.advance();
  progress.say("built");
  progress.end();
  return written;
}

describe("progress in a pipe", () => {
  test("is a few plain lines, and says once that it waits", () => {
    assert.equal(
      play(false),
      "Kafka client: waiting for the build of process 7\nKafka client: building\nKafka client: built\n",
    );
  });
});

describe("progress on a terminal", () => {
  test("is one line, drawn over: step, files done and to do, percent of the whole, seconds", () => {
    const drawn = play(true)
      .split("\r\x1b[K")
      .map((text) => text.replace(/\d+ s/, "0 s"));
    assert.ok(drawn.includes("Kafka client: configuring · 10% · 0 s"), drawn.join("|"));
    assert.ok(drawn.includes("Kafka client: compiling 2/4 files · 50% · 0 s"), drawn.join("|"));
  });

  test("ends with the line that stays", () => assert.ok(play(true).endsWith("\r\x1b[KKafka client: built\n")));
});
