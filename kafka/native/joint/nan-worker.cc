#include "nan-worker.h"

#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <thread>

namespace joint {

namespace {

// Threads of our own, as many as there are workers that wait, and not napi_async_work: a host has four threads for
// that, shared with files and DNS, and Deno has run such work on the JavaScript thread itself. Connecting, consuming
// and disconnecting block for up to seconds each. (20 clients connected in 76 ms, and in 1,071 ms on libuv's four.)
class ThreadPool {
 public:
  void Run(std::function<void()> work) {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(work));
    if (idle_ < queue_.size() && threads_ < kMostThreads)
      StartThread();
    else
      wake_.notify_one();
  }

 private:
  static constexpr size_t kMostThreads = 256;
  static constexpr std::chrono::seconds kIdle{30};

  void StartThread() {
    threads_++;
    // Signals are the runtime's: none is to be handled on a thread of ours.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([this] { Serve(); }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void Serve() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      while (queue_.empty()) {
        idle_++;
        const std::cv_status status = wake_.wait_for(lock, kIdle);
        idle_--;
        if (status == std::cv_status::timeout && queue_.empty()) {
          threads_--;
          return;
        }
      }
      std::function<void()> work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  size_t idle_ = 0;
  size_t threads_ = 0;
};

// Never destroyed: its threads may still run while the process ends.
ThreadPool &thread_pool = *new ThreadPool;

}  // namespace

}  // namespace joint

namespace Nan {

void AsyncQueueWorker(AsyncWorker *worker) {
  joint::Environment *environment = &joint::Environment::Current();
  environment->BeginWork();
  joint::thread_pool.Run([environment, worker] {
    worker->Execute();
    environment->Post([environment, worker] {
      worker->WorkComplete();
      worker->Destroy();
      environment->EndWork();
    });
  });
}

}  // namespace Nan
