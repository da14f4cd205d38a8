#include "openssl.h"

#include <cstdint>

// Declared here and weak: the client may be built without OpenSSL, whose headers then are not there.
extern "C" __attribute__((weak)) int OPENSSL_init_crypto(uint64_t options, const void *settings);

namespace joint {

namespace {
constexpr uint64_t kNoAtexit = 0x00080000;  // OPENSSL_INIT_NO_ATEXIT, since OpenSSL 1.1.1
}

void KeepOpensslToTheEnd() {
  if (OPENSSL_init_crypto) OPENSSL_init_crypto(kNoAtexit, nullptr);
}

}  // namespace joint
