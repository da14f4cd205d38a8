// The part of libuv that upstream's sources use. Only Node has libuv: async handles are tasks of the environment, locks
// and threads are the C++ library's.
#ifndef KAFKA_NATIVE_UV_H_
#define KAFKA_NATIVE_UV_H_

#include <atomic>
#include <memory>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <thread>

#include "joint/environment.h"

struct uv_loop_t {};
inline uv_loop_t *uv_default_loop() { return nullptr; }  // the environment's own

struct uv_handle_t;
struct uv_async_t;
typedef void (*uv_async_cb)(uv_async_t *);
typedef void (*uv_close_cb)(uv_handle_t *);
#define NAUV_WORK_CB(name) void name(uv_async_t *async)

struct uv_handle_t {
  void *data = nullptr;
};

// librdkafka's threads may call uv_async_send() while the JavaScript thread closes and deletes the handle: upstream
// reads its pointer without a lock. So the memory of a handle is only ever used for another handle, and a send that
// comes too late wakes that one for nothing.
struct uv_async_t : uv_handle_t {
  std::atomic<joint::Environment *> environment{nullptr};
  std::atomic<uv_async_cb> callback{nullptr};
  std::atomic<bool> is_pending{false};
  std::atomic<bool> is_closing{true};

  static void *operator new(size_t size);
  static void operator delete(void *memory);
};

int uv_async_init(uv_loop_t *, uv_async_t *handle, uv_async_cb callback);
// From any thread. Calls that come before the callback ran are one call.
int uv_async_send(uv_async_t *handle);
// From any thread (AdminClient::Disconnect closes on a worker's).
void uv_close(uv_handle_t *handle, uv_close_cb callback);

struct uv_mutex_t {
  std::mutex mutex;
};
inline int uv_mutex_init(uv_mutex_t *) { return 0; }
inline void uv_mutex_destroy(uv_mutex_t *) {}
inline void uv_mutex_lock(uv_mutex_t *lock) { lock->mutex.lock(); }
inline void uv_mutex_unlock(uv_mutex_t *lock) { lock->mutex.unlock(); }

// A copy is the same lock: a client made from another one copies that one's, "to share the same connection lock".
// (With libuv's a copy is undefined.)
struct uv_rwlock_t {
  std::shared_ptr<std::shared_mutex> mutex = std::make_shared<std::shared_mutex>();
};
inline int uv_rwlock_init(uv_rwlock_t *) { return 0; }
inline void uv_rwlock_destroy(uv_rwlock_t *) {}
inline void uv_rwlock_rdlock(uv_rwlock_t *lock) { lock->mutex->lock_shared(); }
// 0 when it is locked.
inline int uv_rwlock_tryrdlock(uv_rwlock_t *lock) { return lock->mutex->try_lock_shared() ? 0 : -1; }
inline void uv_rwlock_rdunlock(uv_rwlock_t *lock) { lock->mutex->unlock_shared(); }
inline void uv_rwlock_wrlock(uv_rwlock_t *lock) { lock->mutex->lock(); }
inline void uv_rwlock_wrunlock(uv_rwlock_t *lock) { lock->mutex->unlock(); }

struct uv_thread_t {
  std::thread thread;
};
inline int uv_thread_create(uv_thread_t *thread, void (*run)(void *), void *argument) {
  thread->thread = std::thread(run, argument);
  return 0;
}
inline int uv_thread_join(uv_thread_t *thread) {
  if (thread->thread.joinable()) thread->thread.join();
  return 0;
}

#endif  // KAFKA_NATIVE_UV_H_
