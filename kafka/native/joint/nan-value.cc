#include "nan-value.h"

namespace Nan {

Utf8String::Utf8String(v8::Local<v8::Value> from) : string_(inline_) {
  inline_[0] = '\0';
  napi_env env = joint::Env();
  napi_value value = from.handle();
  if (!value) return;
  size_t length = 0;
  napi_status status = napi_get_value_string_utf8(env, value, inline_, sizeof(inline_), &length);
  if (status == napi_string_expected) {
    if (!joint::Succeeded(napi_coerce_to_string(env, value, &value))) return;
    status = napi_get_value_string_utf8(env, value, inline_, sizeof(inline_), &length);
  }
  if (!joint::Succeeded(status)) return;
  // Node-API cuts a longer string off between two characters, so up to three bytes short of the space.
  constexpr size_t kLongestCharacter = 4;
  if (length + kLongestCharacter < sizeof(inline_)) {
    length_ = length;
    return;
  }
  if (!joint::Succeeded(napi_get_value_string_utf8(env, value, nullptr, 0, &length))) return;
  string_ = static_cast<char *>(malloc(length + 1));
  joint::Succeeded(napi_get_value_string_utf8(env, value, string_, length + 1, &length_));
}

}  // namespace Nan
