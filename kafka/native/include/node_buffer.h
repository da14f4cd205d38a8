// The part of node::Buffer that upstream's sources use.
#ifndef KAFKA_NATIVE_NODE_BUFFER_H_
#define KAFKA_NATIVE_NODE_BUFFER_H_

#include <v8.h>

namespace node {
namespace Buffer {

// Where an empty buffer's bytes are: Node-API may answer null, which upstream takes for "no message" (a tombstone).
inline char nothing[1];

inline bool HasInstance(v8::Local<v8::Value> value) {
  bool is_buffer = false;
  napi_is_buffer(joint::Env(), value.handle(), &is_buffer);
  return is_buffer;
}
inline char *Data(v8::Local<v8::Value> buffer) {
  void *data = nullptr;
  size_t length = 0;
  if (!joint::Succeeded(napi_get_buffer_info(joint::Env(), buffer.handle(), &data, &length))) return nullptr;
  return data ? static_cast<char *>(data) : nothing;
}
inline size_t Length(v8::Local<v8::Value> buffer) {
  void *data = nullptr;
  size_t length = 0;
  joint::Succeeded(napi_get_buffer_info(joint::Env(), buffer.handle(), &data, &length));
  return length;
}

}  // namespace Buffer
}  // namespace node

#endif  // KAFKA_NATIVE_NODE_BUFFER_H_
