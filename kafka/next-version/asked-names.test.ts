import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { askedNames, missingNames } from "./asked-names.ts";

const SOURCE = `
  // Nan::InComment, and uv_in_comment
  /* v8::AlsoInComment */
  Nan::Set(object, Nan::New("v8::InText").ToLocalChecked(), v8::Local<v8::Value>());
  node::Buffer::Data(value); uv_async_send(&async); NODE_DEFINE_CONSTANT(x, y); NAUV_WORK_CB(f) {}`;

describe("a source of upstream's", () => {
  test("asks for what it names, each once, comments and texts aside", () => {
    assert.deepEqual(askedNames([SOURCE, SOURCE]), [
      "NAUV_WORK_CB",
      "NODE_DEFINE_CONSTANT",
      "Nan::New",
      "Nan::Set",
      "node::Buffer::Data",
      "uv_async_send",
      "v8::Local",
      "v8::Value",
    ]);
  });

  test("misses what no header offers, not what a comment mentions", () => {
    const headers = ["namespace Nan { void New(); } namespace v8 { class Local; }", "// Set, Value, uv_async_send"];
    assert.deepEqual(missingNames(["Nan::New", "Nan::Set", "v8::Local", "v8::Value", "uv_async_send"], headers), [
      "Nan::Set",
      "v8::Value",
      "uv_async_send",
    ]);
  });
});
