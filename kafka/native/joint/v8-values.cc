#include "v8-values.h"

#include <cmath>

namespace joint {

bool ToDouble(napi_value value, double *out) {
  napi_env env = Env();
  if (napi_get_value_double(env, value, out) == napi_ok) return true;
  napi_value number = nullptr;
  return Succeeded(napi_coerce_to_number(env, value, &number)) &&
         Succeeded(napi_get_value_double(env, number, out));
}

int32_t WrapToInt32(double number) {
  if (number >= INT32_MIN && number <= INT32_MAX) return static_cast<int32_t>(number);
  if (!std::isfinite(number)) return 0;
  constexpr double kTwoTo32 = 4294967296.0;
  double modulo = std::fmod(std::trunc(number), kTwoTo32);
  if (modulo < 0) modulo += kTwoTo32;
  return static_cast<int32_t>(static_cast<uint32_t>(modulo));
}

int64_t ClampToInt64(double number) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (std::isnan(number)) return 0;
  if (number >= kTwoTo63) return INT64_MAX;
  if (number <= -kTwoTo63) return INT64_MIN;
  return static_cast<int64_t>(number);
}

bool IsNumberWithin(napi_value value, double lowest, double highest) {
  double number;
  // Anything but a number is answered with napi_number_expected, without an exception. -0 is no integer to V8.
  if (napi_get_value_double(Env(), value, &number) != napi_ok) return false;
  return number >= lowest && number <= highest && number == std::trunc(number) &&
         !(number == 0 && std::signbit(number));
}

bool IsInstanceOfRegExp(napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(Env(), value, &type);
  if (type != napi_object) return false;
  bool is_instance = false;
  return Succeeded(napi_instanceof(Env(), value, Environment::Current().RegExpConstructor(), &is_instance)) &&
         is_instance;
}

}  // namespace joint
