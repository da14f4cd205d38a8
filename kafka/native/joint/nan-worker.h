// NAN's AsyncWorker: work on another thread, its result back on the JavaScript thread.
#ifndef JOINT_NAN_WORKER_H_
#define JOINT_NAN_WORKER_H_

#include <string>

#include "nan-call.h"

namespace joint {
// The worker that was completed last on this thread, until it is gone: for uv_close(). Compared only.
inline thread_local const void *completed_worker = nullptr;
}  // namespace joint

namespace Nan {

class AsyncWorker {
 public:
  explicit AsyncWorker(Callback *result_callback) : callback(result_callback) {}
  virtual ~AsyncWorker() {
    delete callback;
    if (joint::completed_worker == this) joint::completed_worker = nullptr;
  }
  virtual void Execute() = 0;
  virtual void WorkComplete() {
    HandleScope scope;
    if (has_failed_)
      HandleErrorCallback();
    else
      HandleOKCallback();
    // Kept until the end, with nothing to call: upstream completes the worker of a flowing consumer inside a call of this
    // callback, when a listener disconnects, and then goes on calling it for the messages that wait. (NAN's is gone by then: a
    // crash.)
    callback->Reset();
    joint::completed_worker = this;
  }
  virtual void Destroy() { delete this; }

 protected:
  Callback *callback;
  virtual void HandleOKCallback() { callback->Call(0, nullptr); }
  virtual void HandleErrorCallback() {
    v8::Local<v8::Value> argv[] = {Error(ErrorMessage())};
    callback->Call(1, argv);
  }
  void SetErrorMessage(const char *message) {
    has_failed_ = true;
    error_message_ = message;
  }
  const char *ErrorMessage() const { return has_failed_ ? error_message_.c_str() : nullptr; }

 private:
  bool has_failed_ = false;
  std::string error_message_;
};

// Takes the worker over: Execute() on a thread of ours, then WorkComplete() and Destroy() in the event loop, which is
// kept alive until then.
void AsyncQueueWorker(AsyncWorker *worker);

}  // namespace Nan

#endif  // JOINT_NAN_WORKER_H_
