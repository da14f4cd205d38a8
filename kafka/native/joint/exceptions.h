// JavaScript exceptions where upstream's code expects V8's.
//
// V8 lets native code go on calling the API after ThrowException(); Node-API answers every call with
// napi_pending_exception until the exception is taken. So an exception thrown inside a native method waits in the
// method's frame and is thrown when the method returns. Outside a method (a callback from the event loop) nobody is
// there to catch it: it goes to the runtime as an uncaught exception, as NAN's MakeCallback does.
#ifndef JOINT_EXCEPTIONS_H_
#define JOINT_EXCEPTIONS_H_

#include <functional>

#include "environment.h"

namespace joint {

// One native method that JavaScript called, for as long as it runs.
class MethodFrame {
 public:
  MethodFrame();
  ~MethodFrame();
  MethodFrame(const MethodFrame &) = delete;
  static bool IsInMethod();
  // Ends the frame and throws what waits in it. True when it threw.
  bool ThrowDeferred();

 private:
  friend void Throw(napi_value error);
  friend void ThrowNative(const char *what);
  friend void RunOutsideMethod(const std::function<void()> &task);
  void Defer(napi_value error);

  MethodFrame *const outer_;
  const bool kept_strings_;
  // An array that holds the value: Node-API references no primitives, and JavaScript may throw any value.
  napi_ref box_ = nullptr;
};

// Throws `error` (see above). Null is ignored.
void Throw(napi_value error);
// Throws an Error that says `what`, unless a JavaScript exception, the cause of it, waits already.
void ThrowNative(const char *what);
// Runs what came from the event loop; what it throws is uncaught.
void RunOutsideMethod(const std::function<void()> &task);

// Whether a Node-API call succeeded; takes a pending JavaScript exception over.
bool TakeException();
inline bool Succeeded(napi_status status) { return __builtin_expect(status == napi_ok, 1) ? true : TakeException(); }

}  // namespace joint

#endif  // JOINT_EXCEPTIONS_H_
