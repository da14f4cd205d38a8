// Strings that upstream makes anew for every message of a batch: names of properties, topics, names of headers.
//
// They are kept for as long as the handle scope around the batch, so no reference is needed; and outside native methods
// only, since a method's handles end with it.
#ifndef JOINT_STRINGS_H_
#define JOINT_STRINGS_H_

#include <cstdint>
#include <cstring>

#include <node_api.h>

namespace joint {

class Strings {
 public:
  // Empties the cache, and turns it on or off. Returns how it was.
  bool Restart(bool is_on) {
    const bool was_on = is_on_;
    if (was_on || is_on) Forget();
    is_on_ = is_on;
    return was_on;
  }
  // For a while in which handles of an inner scope are made: what is kept stays.
  bool Pause() {
    const bool was_on = is_on_;
    is_on_ = false;
    return was_on;
  }
  void Resume(bool was_on) { is_on_ = was_on; }

  // A literal is known by its address.
  napi_value Literal(napi_env env, const char *literal, size_t length) {
    if (!is_on_) return Make(env, literal, length);
    auto &kept = literals_[(reinterpret_cast<uintptr_t>(literal) >> 2) % kLiterals];
    if (kept.address != literal) kept = {literal, Make(env, literal, length)};
    return kept.value;
  }
  napi_value Text(napi_env env, const char *text, size_t length) {
    if (!is_on_ || length == 0 || length > sizeof(KeptText::bytes)) return Make(env, text, length);
    const auto last = static_cast<unsigned char>(text[length - 1]);
    auto &kept = texts_[(length * 7 + last) % kTexts];
    if (kept.length != length || memcmp(kept.bytes, text, length) != 0) {
      kept.length = static_cast<uint32_t>(length);
      memcpy(kept.bytes, text, length);
      kept.value = Make(env, text, length);
    }
    return kept.value;
  }

 private:
  static constexpr size_t kLiterals = 64;
  static constexpr size_t kTexts = 16;
  struct KeptLiteral {
    const char *address;
    napi_value value;
  };
  struct KeptText {
    napi_value value;
    uint32_t length;
    char bytes[52];
  };

  static napi_value Make(napi_env env, const char *utf8, size_t length);
  void Forget() {
    memset(literals_, 0, sizeof(literals_));
    for (auto &text : texts_) text.length = 0;
  }

  bool is_on_ = false;
  KeptLiteral literals_[kLiterals] = {};
  KeptText texts_[kTexts] = {};
};

}  // namespace joint

#endif  // JOINT_STRINGS_H_
