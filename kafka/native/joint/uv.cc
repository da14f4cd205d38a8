#include <uv.h>

#include <cstdlib>
#include <vector>

#include "nan-worker.h"

namespace {
std::mutex free_handles_mutex;
// Never destroyed: librdkafka's threads outlive static destructors.
std::vector<void *> &free_handles = *new std::vector<void *>;
}  // namespace

void *uv_async_t::operator new(size_t size) {
  std::lock_guard<std::mutex> lock(free_handles_mutex);
  if (free_handles.empty()) return ::operator new(size);
  void *memory = free_handles.back();
  free_handles.pop_back();
  return memory;
}
void uv_async_t::operator delete(void *memory) {
  std::lock_guard<std::mutex> lock(free_handles_mutex);
  free_handles.push_back(memory);
}

int uv_async_init(uv_loop_t *, uv_async_t *handle, uv_async_cb callback) {
  joint::Environment &environment = joint::Environment::Current();
  handle->environment = &environment;
  handle->callback = callback;
  handle->is_pending = false;
  handle->is_closing = false;
  environment.Hold();
  return 0;
}

int uv_async_send(uv_async_t *handle) {
  if (handle->is_closing || handle->is_pending.exchange(true)) return 0;
  handle->environment.load()->Post([handle] {
    handle->is_pending = false;
    if (!handle->is_closing) handle->callback.load()(handle);
  });
  return 0;
}

void uv_close(uv_handle_t *base, uv_close_cb callback) {
  auto *handle = static_cast<uv_async_t *>(base);
  if (handle->is_closing.exchange(true)) return;
  // Upstream's flowing consumer closes with messages that it has not handed over, and never frees them: librdkafka waits for
  // them when the client is destroyed, for ever. Its worker is complete, so they go nowhere: served once more they are freed.
  if (handle->data && handle->data == joint::completed_worker && handle->is_pending) handle->callback.load()(handle);
  handle->environment.load()->Post([handle, callback] {
    handle->environment.load()->Release();
    if (callback) callback(handle);
  });
}
