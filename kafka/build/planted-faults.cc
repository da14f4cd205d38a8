// Faults for sanitize.mjs to find before it looks for others: what does not see these would see nothing.
#include <node_api.h>
#include <uv.h>

namespace {

napi_value UseAfterFree(napi_env, napi_callback_info) {
  auto *handle = new uv_handle_t;
  delete handle;
  *static_cast<void *volatile *>(&handle->data) = handle;
  return nullptr;
}

int counted = 0;  // without a lock

napi_value RaceForData(napi_env, napi_callback_info) {
  const auto count = [](void *) { counted++; };
  uv_thread_t threads[2];
  for (auto &thread : threads) uv_thread_create(&thread, count, nullptr);
  for (auto &thread : threads) uv_thread_join(&thread);
  return nullptr;
}

}  // namespace

extern "C" NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value function;
  napi_create_function(env, "address", NAPI_AUTO_LENGTH, UseAfterFree, nullptr, &function);
  napi_set_named_property(env, exports, "address", function);
  napi_create_function(env, "thread", NAPI_AUTO_LENGTH, RaceForData, nullptr, &function);
  napi_set_named_property(env, exports, "thread", function);
  return exports;
}
