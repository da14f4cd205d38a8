// NAN's values: Nan::New, conversions, strings, errors and buffers.
#ifndef JOINT_NAN_VALUE_H_
#define JOINT_NAN_VALUE_H_

#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "v8-template.h"

namespace Nan {

template <class T>
using Maybe = v8::Maybe<T>;
template <class T>
using MaybeLocal = v8::MaybeLocal<T>;
template <class T>
using Persistent = v8::Persistent<T>;

inline v8::Local<v8::Context> GetCurrentContext() { return v8::Local<v8::Context>(); }

inline v8::Local<v8::Primitive> Undefined() {
  napi_value undefined = nullptr;
  napi_get_undefined(joint::Env(), &undefined);
  return v8::Local<v8::Primitive>(undefined);
}
inline v8::Local<v8::Primitive> Null() {
  napi_value null = nullptr;
  napi_get_null(joint::Env(), &null);
  return v8::Local<v8::Primitive>(null);
}

// --- New<T>(...)

namespace factory {

inline MaybeLocal<v8::String> MakeString(const char *utf8, size_t length) {
  joint::Environment &environment = joint::Environment::Current();
  return MaybeLocal<v8::String>(environment.strings().Text(environment.env(), utf8, length));
}
template <size_t size>
inline MaybeLocal<v8::String> MakeLiteral(const char (&literal)[size]) {
  joint::Environment &environment = joint::Environment::Current();
  return MaybeLocal<v8::String>(environment.strings().Literal(environment.env(), literal, size - 1));
}
// Upstream has constant arrays of characters in literals only.
template <class Text>
constexpr bool kIsLiteral = std::is_array_v<std::remove_reference_t<Text>> &&
                            std::is_const_v<std::remove_extent_t<std::remove_reference_t<Text>>>;

template <class T>
struct Of;
template <>
struct Of<v8::Object> {
  static v8::Local<v8::Object> New() {
    napi_value object = nullptr;
    joint::Succeeded(napi_create_object(joint::Env(), &object));
    return v8::Local<v8::Object>(object);
  }
};
template <>
struct Of<v8::Array> {
  static v8::Local<v8::Array> New() {
    napi_value array = nullptr;
    joint::Succeeded(napi_create_array(joint::Env(), &array));
    return v8::Local<v8::Array>(array);
  }
};
template <>
struct Of<v8::String> {
  static MaybeLocal<v8::String> New(const std::string &string) { return MakeString(string.data(), string.size()); }
  static MaybeLocal<v8::String> New(const char *string) { return MakeString(string, strlen(string)); }
  // A negative length means up to the terminating null.
  static MaybeLocal<v8::String> New(const char *string, int64_t length) {
    return MakeString(string, length < 0 ? strlen(string) : static_cast<size_t>(length));
  }
};
template <>
struct Of<v8::Number> {
  static v8::Local<v8::Number> New(double number) {
    napi_value value = nullptr;
    joint::Succeeded(napi_create_double(joint::Env(), number, &value));
    return v8::Local<v8::Number>(value);
  }
};
template <>
struct Of<v8::Int32> {
  static v8::Local<v8::Int32> New(int32_t number) {
    napi_value value = nullptr;
    joint::Succeeded(napi_create_int32(joint::Env(), number, &value));
    return v8::Local<v8::Int32>(value);
  }
};
template <>
struct Of<v8::Boolean> {
  static v8::Local<v8::Boolean> New(bool boolean) {
    napi_value value = nullptr;
    napi_get_boolean(joint::Env(), boolean, &value);
    return v8::Local<v8::Boolean>(value);
  }
};
template <>
struct Of<v8::Function> {
  static v8::Local<v8::Function> New(const Persistent<v8::Function> &persistent) { return persistent.Get(); }
};
template <>
struct Of<v8::FunctionTemplate> {
  static v8::Local<v8::FunctionTemplate> New(FunctionCallback callback) {
    return v8::Local<v8::FunctionTemplate>(std::make_shared<v8::FunctionTemplate>(callback));
  }
};

}  // namespace factory

template <class T, class... Arguments>
inline auto New(Arguments &&...arguments) {
  if constexpr (std::is_same_v<T, v8::String> && sizeof...(Arguments) == 1 && (factory::kIsLiteral<Arguments> && ...))
    return factory::MakeLiteral(arguments...);
  else
    return factory::Of<T>::New(std::forward<Arguments>(arguments)...);
}
template <class Text, class = std::enable_if_t<std::is_convertible_v<Text, const char *>>>
inline MaybeLocal<v8::String> New(Text &&string) {
  return New<v8::String>(std::forward<Text>(string));
}
inline MaybeLocal<v8::String> New(const std::string &string) { return New<v8::String>(string); }
inline v8::Local<v8::Int32> New(int32_t number) { return New<v8::Int32>(number); }
inline v8::Local<v8::Number> New(double number) { return New<v8::Number>(number); }
inline v8::Local<v8::Boolean> New(bool boolean) { return New<v8::Boolean>(boolean); }
template <class T>
inline v8::Local<T> New(const Persistent<T> &persistent) {
  return persistent.Get();
}
inline v8::Local<v8::Boolean> True() { return New(true); }
inline v8::Local<v8::Boolean> False() { return New(false); }

// --- To<T>(value)

template <class T, class = std::enable_if_t<std::is_same_v<T, v8::String>>>
inline MaybeLocal<v8::String> To(v8::Local<v8::Value> value) {
  return value->ToString(GetCurrentContext());
}
template <class T, class = std::enable_if_t<std::is_same_v<T, v8::Object>>, class = void>
inline MaybeLocal<v8::Object> To(v8::Local<v8::Value> value) {
  return value->ToObject(GetCurrentContext());
}
template <class T>
inline std::enable_if_t<std::is_arithmetic_v<T>, Maybe<T>> To(v8::Local<v8::Value> value) {
  if constexpr (std::is_same_v<T, bool>) {
    napi_value boolean = nullptr;
    bool result = false;
    if (!joint::Succeeded(napi_coerce_to_bool(joint::Env(), value.handle(), &boolean)) ||
        !joint::Succeeded(napi_get_value_bool(joint::Env(), boolean, &result)))
      return v8::Nothing<bool>();
    return v8::Just(result);
  } else {
    double number;
    if (!joint::ToDouble(value.handle(), &number)) return v8::Nothing<T>();
    if constexpr (std::is_floating_point_v<T>)
      return v8::Just<T>(number);
    else if constexpr (sizeof(T) == 8)
      return v8::Just<T>(static_cast<T>(joint::ClampToInt64(number)));
    else
      return v8::Just<T>(static_cast<T>(joint::WrapToInt32(number)));
  }
}

// A value as UTF-8, null-terminated; what is no string is converted as JavaScript's String() does. Empty when that
// threw.
class Utf8String {
 public:
  explicit Utf8String(v8::Local<v8::Value> value);
  ~Utf8String() {
    if (string_ != inline_) free(string_);
  }
  Utf8String(const Utf8String &) = delete;
  int length() const { return static_cast<int>(length_); }
  char *operator*() { return string_; }
  const char *operator*() const { return string_; }

 private:
  size_t length_ = 0;
  char *string_;
  char inline_[1024];
};

// --- errors

inline v8::Local<v8::Value> Error(v8::Local<v8::String> message) {
  napi_value error = nullptr;
  joint::Succeeded(napi_create_error(joint::Env(), nullptr, message.handle(), &error));
  return v8::Local<v8::Value>(error);
}
inline v8::Local<v8::Value> Error(const char *message) {
  return Error(New<v8::String>(message ? message : "").ToLocalChecked());
}
inline void ThrowError(v8::Local<v8::Value> error) { joint::Throw(error.handle()); }
inline void ThrowError(const char *message) { joint::Throw(Error(message).handle()); }

// --- buffers

enum Encoding { ASCII, UTF8, BASE64, UCS2, BINARY, HEX, BUFFER };
// Upstream only ever asks for Encoding::BUFFER: a copy of the bytes.
inline v8::Local<v8::Value> Encode(const void *bytes, size_t length, Encoding) {
  napi_value buffer = nullptr;
  joint::Succeeded(napi_create_buffer_copy(joint::Env(), length, bytes, nullptr, &buffer));
  return v8::Local<v8::Value>(buffer);
}
// Takes malloc'ed `bytes` over, as NAN does. They are copied: hosts that cage their memory allow no external buffers,
// and for small payloads a copy costs less than a finalizer.
inline MaybeLocal<v8::Object> NewBuffer(char *bytes, uint32_t length) {
  const v8::Local<v8::Value> buffer = Encode(bytes, length, BUFFER);
  free(bytes);
  return MaybeLocal<v8::Object>(buffer.handle());
}

}  // namespace Nan

#endif  // JOINT_NAN_VALUE_H_
