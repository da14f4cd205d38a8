#include "exceptions.h"

#include <exception>

namespace joint {

namespace {
thread_local MethodFrame *innermost = nullptr;
}

MethodFrame::MethodFrame() : outer_(innermost), kept_strings_(Environment::Current().strings().Pause()) {
  innermost = this;
}
MethodFrame::~MethodFrame() {
  innermost = outer_;
  Environment::Current().strings().Resume(kept_strings_);
}

napi_value Strings::Make(napi_env env, const char *utf8, size_t length) {
  napi_value string = nullptr;
  Succeeded(napi_create_string_utf8(env, utf8, length, &string));
  return string;
}
bool MethodFrame::IsInMethod() { return innermost != nullptr; }

void MethodFrame::Defer(napi_value error) {
  napi_env env = Env();
  if (box_) napi_delete_reference(env, box_);
  box_ = nullptr;
  napi_value box = nullptr;
  napi_create_array_with_length(env, 1, &box);
  napi_set_element(env, box, 0, error);
  napi_create_reference(env, box, 1, &box_);
}

bool MethodFrame::ThrowDeferred() {
  if (!box_) return false;
  napi_env env = Env();
  napi_value box = nullptr, error = nullptr;
  napi_get_reference_value(env, box_, &box);
  napi_get_element(env, box, 0, &error);
  napi_delete_reference(env, box_);
  box_ = nullptr;
  napi_throw(env, error);
  return true;
}

void Throw(napi_value error) {
  if (!error) return;
  if (innermost)
    innermost->Defer(error);
  else
    napi_fatal_exception(Env(), error);
}

void ThrowNative(const char *what) {
  if (innermost && innermost->box_) return;
  napi_env env = Env();
  napi_value message = nullptr, error = nullptr;
  napi_create_string_utf8(env, what, NAPI_AUTO_LENGTH, &message);
  napi_create_error(env, nullptr, message, &error);
  Throw(error);
}

bool TakeException() {
  napi_env env = Env();
  bool pending = false;
  napi_value error = nullptr;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok)
    Throw(error);
  return false;
}

void RunOutsideMethod(const std::function<void()> &task) {
  // A host may serve its event loop inside a call from JavaScript: that call is not where this task's errors belong.
  MethodFrame *const interrupted = innermost;
  innermost = nullptr;
  Strings &strings = Environment::Current().strings();
  const bool kept_strings = strings.Pause();
  try {
    task();
  } catch (const Impossible &impossible) {
    ThrowNative(impossible.what);
  } catch (const std::exception &error) {
    ThrowNative(error.what());
  }
  innermost = interrupted;
  strings.Resume(kept_strings);
}

}  // namespace joint
