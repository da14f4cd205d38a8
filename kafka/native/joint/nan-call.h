// NAN's calls in both directions: scopes, native methods, callbacks.
#ifndef JOINT_NAN_CALL_H_
#define JOINT_NAN_CALL_H_

#include "nan-value.h"

#define NAN_METHOD(name) void name(const Nan::FunctionCallbackInfo<v8::Value> &info)

namespace joint {
// Calls a JavaScript function; undefined, with the exception thrown (see exceptions.h), when it throws.
napi_value Call(napi_value function, int argc, napi_value *argv);
// The one native function behind every method and constructor; its data is the Nan::FunctionCallback.
napi_value OnMethodCall(napi_env env, napi_callback_info info);
}  // namespace joint

namespace Nan {

// Node-API keeps a scope open for each native method until it has returned. V8's rule that the return value and a
// thrown exception outlive the method's own HandleScope does not hold for a napi_value: so there it does nothing.
// Elsewhere, in what the event loop calls, it is a real scope.
class HandleScope {
 public:
  HandleScope() {
    joint::Environment *const environment = joint::Environment::CurrentOrNull();
    if (!environment || joint::MethodFrame::IsInMethod()) return;
    if (napi_open_handle_scope(environment->env(), &scope_) != napi_ok) return;
    environment_ = environment;
    kept_strings_ = environment->strings().Restart(true);
  }
  ~HandleScope() {
    if (!environment_) return;
    environment_->strings().Restart(kept_strings_);
    napi_close_handle_scope(environment_->env(), scope_);
  }
  HandleScope(const HandleScope &) = delete;

 private:
  joint::Environment *environment_ = nullptr;
  napi_handle_scope scope_ = nullptr;
  bool kept_strings_ = false;
};
// Upstream opens it in static NewInstance() functions only: the caller's scope does.
class EscapableHandleScope {
 public:
  template <class T>
  v8::Local<T> Escape(v8::Local<T> value) {
    return value;
  }
};

template <class T>
class ReturnValue {
 public:
  explicit ReturnValue(napi_value *slot) : slot_(slot) {}
  template <class S>
  void Set(const v8::Local<S> &value) const {
    *slot_ = value.handle();
  }

 private:
  napi_value *const slot_;
};

template <class T>
class FunctionCallbackInfo {
 public:
  FunctionCallbackInfo(napi_value self, const napi_value *argv, size_t argc, bool is_construct_call, napi_value *result)
      : self_(self), argv_(argv), argc_(argc), is_construct_call_(is_construct_call), result_(result) {}
  int Length() const { return static_cast<int>(argc_); }
  v8::Local<v8::Value> operator[](int index) const {
    if (index >= 0 && static_cast<size_t>(index) < argc_) return v8::Local<v8::Value>(argv_[index]);
    return Undefined();
  }
  v8::Local<v8::Object> This() const { return v8::Local<v8::Object>(self_); }
  bool IsConstructCall() const { return is_construct_call_; }
  ReturnValue<T> GetReturnValue() const { return ReturnValue<T>(result_); }

 private:
  const napi_value self_;
  const napi_value *const argv_;
  const size_t argc_;
  const bool is_construct_call_;
  napi_value *const result_;
};

// Handles are passed on as arrays of napi_value.
static_assert(sizeof(v8::Local<v8::Value>) == sizeof(napi_value));

class Callback {
 public:
  Callback() {}
  explicit Callback(const v8::Local<v8::Function> &function) : function_(function) {}
  ~Callback() { function_.Reset(); }
  Callback(const Callback &) = delete;
  bool IsEmpty() const { return function_.IsEmpty(); }
  v8::Local<v8::Function> GetFunction() const { return function_.Get(); }
  void Reset(const v8::Local<v8::Function> &function) { function_.Reset(function); }
  void Reset() { function_.Reset(); }
  v8::Local<v8::Value> Call(int argc, v8::Local<v8::Value> argv[]) const {
    return v8::Local<v8::Value>(
        joint::Call(function_.Get().handle(), argc, reinterpret_cast<napi_value *>(argv)));
  }
  // Partitioner::SetCallback() names a function `callback` and calls `callback(cb)`, which finds this member.
  v8::Local<v8::Value> operator()(v8::Local<v8::Object>, int argc = 0, v8::Local<v8::Value> argv[] = nullptr) const {
    return Call(argc, argv);
  }

 private:
  Persistent<v8::Function> function_;
};

}  // namespace Nan

#endif  // JOINT_NAN_CALL_H_
