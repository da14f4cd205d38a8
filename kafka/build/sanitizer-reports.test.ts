import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { judge, readReports } from "./sanitizer-reports.mjs";

const NODES = "node::worker::MessagePort::PostMessage() <null> (node+0xd0f69a)";
const UPSTREAMS = "Dispatcher::AsyncMessage_ /p/node_modules/@confluentinc/kafka-javascript/src/callbacks.cc:50";
const OURS = "uv_async_send /p/kafka/native/joint/uv.cc:36";
const STANDARD = "std::vector<int>::size() const /usr/include/c++/12/bits/stl_vector.h:988";
const SANITIZERS = "free ../../../../src/libsanitizer/tsan/tsan_interceptors_posix.cpp:706 (libtsan.so+0x47e82)";

function race(write: readonly string[], read: readonly string[]): string {
  const stack = (calls: readonly string[]) => calls.map((call, i) => `    #${i} ${call}\n`).join("");
  return `==================
WARNING: ThreadSanitizer: data race (pid=1)
  Write of size 8 at 0x7b5000031680 by thread T22 (mutexes: write M938):
${stack(write)}
  Previous read of size 8 at 0x7b5000031680 by main thread:
${stack(read)}
  Location is heap block of size 480 at 0x7b5000031600 allocated by main thread:
    #0 anything /p/kafka/native/joint/uv.cc:1

SUMMARY: ThreadSanitizer: data race
==================
`;
}

function ownersOf(text: string): string[] {
  return readReports(text, "none.node").map((report) => judge(report).owner);
}

describe("a race that a sanitizer reports", () => {
  test("is whose the innermost call is that is not the standard library's or the sanitizer's", () => {
    assert.deepEqual(ownersOf(race([STANDARD, UPSTREAMS, OURS], [STANDARD, UPSTREAMS])), ["upstream's"]);
    assert.deepEqual(ownersOf(race([SANITIZERS, NODES, OURS], [NODES])), ["the host's"]);
  });

  test("is ours when one of its two accesses is", () => {
    assert.deepEqual(ownersOf(race([NODES], [STANDARD, OURS])), ["ours"]);
    assert.deepEqual(ownersOf(race([OURS], [UPSTREAMS])), ["ours"]);
  });

  test("is one of as many as there are in the text", () => {
    assert.deepEqual(ownersOf(race([OURS], [OURS]) + race([NODES], [NODES])), ["ours", "the host's"]);
  });
});

describe("a wrong address", () => {
  test("counts as ours whoever's call it is in, since ours may have handed it over", () => {
    const text = `=====\n==1==ERROR: AddressSanitizer: heap-use-after-free\nREAD of size 8\n    #0 ${NODES}\n`;
    assert.deepEqual(ownersOf(text), ["ours"]);
  });
});
