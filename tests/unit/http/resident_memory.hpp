#pragma once

#include <cstddef>

namespace http_test {

/// The memory that this process really has, in bytes.
[[nodiscard]] std::size_t resident_bytes();

}  // namespace http_test
