// V8's value classes, as far as upstream asks: type checks and conversions.
#ifndef JOINT_V8_VALUES_H_
#define JOINT_V8_VALUES_H_

#include <cstdint>

#include "v8-handles.h"

namespace joint {
// JavaScript's Number(value); false when the conversion threw.
bool ToDouble(napi_value value, double *out);
// ECMAScript's ToInt32: wraps around at 32 bits, 0 for what is not finite.
int32_t WrapToInt32(double number);
// As V8's IntegerValue: cut towards zero, saturating; 0 for NaN.
int64_t ClampToInt64(double number);
bool IsNumberWithin(napi_value value, double lowest, double highest);
bool IsInstanceOfRegExp(napi_value value);
}  // namespace joint

namespace v8 {

class Object;
class String;
class Array;

class Value : public Data {
 public:
  bool IsUndefined() const { return Type() == napi_undefined; }
  bool IsNull() const { return Type() == napi_null; }
  bool IsNullOrUndefined() const { return IsNull() || IsUndefined(); }
  bool IsBoolean() const { return Type() == napi_boolean; }
  bool IsNumber() const { return Type() == napi_number; }
  bool IsString() const { return Type() == napi_string; }
  bool IsFunction() const { return Type() == napi_function; }
  bool IsObject() const {
    const napi_valuetype type = Type();
    return type == napi_object || type == napi_function || type == napi_external;
  }
  bool IsArray() const {
    bool is_array = false;
    napi_is_array(joint::Env(), handle, &is_array);
    return is_array;
  }
  bool IsRegExp() const { return joint::IsInstanceOfRegExp(handle); }
  bool IsInt32() const { return joint::IsNumberWithin(handle, INT32_MIN, INT32_MAX); }
  bool IsUint32() const { return joint::IsNumberWithin(handle, 0, UINT32_MAX); }
  inline Maybe<int32_t> Int32Value(Local<Context>) const;
  inline Maybe<uint32_t> Uint32Value(Local<Context>) const;
  inline MaybeLocal<Object> ToObject(Local<Context>) const;
  inline MaybeLocal<String> ToString(Local<Context>) const;

 private:
  napi_valuetype Type() const {
    napi_valuetype type = napi_undefined;
    napi_typeof(joint::Env(), handle, &type);
    return type;
  }
};

class Primitive : public Value {};
class Boolean : public Primitive {};
class String : public Primitive {};
class Number : public Primitive {};
class Integer : public Number {};
class Int32 : public Integer {};
class Uint32 : public Integer {};
class BigInt : public Primitive {
 public:
  static inline Local<BigInt> New(Isolate *, int64_t value);
};
class Object : public Value {
 public:
  inline MaybeLocal<Array> GetOwnPropertyNames(Local<Context>) const;
};
class Array : public Object {
 public:
  uint32_t Length() const {
    uint32_t length = 0;
    joint::Succeeded(napi_get_array_length(joint::Env(), handle, &length));
    return length;
  }
};
class Function : public Object {};
class RegExp : public Object {
 public:
  inline Local<String> GetSource() const;
};

inline Maybe<int32_t> Value::Int32Value(Local<Context>) const {
  double number;
  return joint::ToDouble(handle, &number) ? Just(joint::WrapToInt32(number)) : Nothing<int32_t>();
}
inline Maybe<uint32_t> Value::Uint32Value(Local<Context>) const {
  double number;
  return joint::ToDouble(handle, &number) ? Just(static_cast<uint32_t>(joint::WrapToInt32(number)))
                                          : Nothing<uint32_t>();
}
inline MaybeLocal<Object> Value::ToObject(Local<Context>) const {
  napi_value object = nullptr;
  joint::Succeeded(napi_coerce_to_object(joint::Env(), handle, &object));
  return MaybeLocal<Object>(object);
}
inline MaybeLocal<String> Value::ToString(Local<Context>) const {
  napi_value string = nullptr;
  joint::Succeeded(napi_coerce_to_string(joint::Env(), handle, &string));
  return MaybeLocal<String>(string);
}
inline Local<BigInt> BigInt::New(Isolate *, int64_t value) {
  napi_value bigint = nullptr;
  joint::Succeeded(napi_create_bigint_int64(joint::Env(), value, &bigint));
  return Local<BigInt>(bigint);
}
inline MaybeLocal<Array> Object::GetOwnPropertyNames(Local<Context>) const {
  napi_value names = nullptr;
  const auto own_strings = static_cast<napi_key_filter>(napi_key_enumerable | napi_key_skip_symbols);
  joint::Succeeded(napi_get_all_property_names(joint::Env(), handle, napi_key_own_only, own_strings,
                                               napi_key_keep_numbers, &names));
  return MaybeLocal<Array>(names);
}
inline Local<String> RegExp::GetSource() const {
  napi_value source = nullptr;
  joint::Succeeded(napi_get_named_property(joint::Env(), handle, "source", &source));
  return Local<String>(source);
}

}  // namespace v8

#endif  // JOINT_V8_VALUES_H_
