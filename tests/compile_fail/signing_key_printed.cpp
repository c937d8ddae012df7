// A signing key cannot be printed by accident, only its public name.
#include "wire/signing_key.hpp"

#include <fmt/format.h>

std::string good(const wire::SigningKey& key) { return fmt::format("{}", key.kid()); }
// Refused: Cannot format an argument
std::string bad(const wire::SigningKey& key) { return fmt::format("{}", key); }
