#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>

namespace http {

struct FetchLimits {
  std::chrono::milliseconds time{5'000};  // From the name's look-up to the last byte.
  std::size_t bytes = 256 * 1024;
};

/// Whether what comes from `url` is what its owner sent: https, or http to this machine, without a
/// user name in it.
[[nodiscard]] bool is_fetchable(const std::string& url);

/// The body of a 200 that `url` answers to GET. No redirect is followed, no cookie or credential
/// is sent. Proxies of the environment (https_proxy) are used, but not for this machine.
///
/// Errors: one sentence for the log: not fetchable, unreachable, another status, too long, too
///         large, stopped.
/// Threads: any; waits.
[[nodiscard]] base::Result<std::string, std::string> fetch(const std::string& url,
                                                           const std::stop_token& stop = {},
                                                           const FetchLimits& limits = {});

}  // namespace http
