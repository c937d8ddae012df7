#pragma once

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "http/response.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

namespace http {

/// So many requests in so much time, from one address.
struct Rate {
  std::size_t requests = 0;  // 0: any number.
  std::chrono::seconds period{60};
};

/// Counts requests by the address they come from. Whoever was quiet for a period may send all of
/// `rate.requests` at once; after that they come back one by one.
///
/// Threads: any.
/// Limits:  10,000 addresses (an IPv6 /64 is one). Beyond them, newcomers share one allowance until
///          somebody else's is full again: a flood of addresses slows strangers, and costs no more
///          memory.
/// Source:  the generic cell rate algorithm (ITU-T I.371); draft-ietf-httpapi-ratelimit-headers.
class RateLimiter {
 public:
  static constexpr std::size_t kAddressesMax = 10'000;

  /// `name` is what clients read in RateLimit-Policy.
  RateLimiter(std::string name, Rate rate, const base::Clock& clock);

  struct Verdict {
    bool is_allowed{true};
    std::size_t left{0};                  // Requests that would still be allowed at once.
    std::chrono::seconds retry_after{0};  // When refused: until one is allowed again.
    std::chrono::seconds full_after{0};   // Until all are.
  };
  /// Counts one request from `address`; a refused one is not counted.
  [[nodiscard]] Verdict ask(std::string_view address);

  /// Answers 429 with Retry-After where a request is over the limit, otherwise what `handler` does;
  /// both with RateLimit and RateLimit-Policy. The limiter outlives it.
  [[nodiscard]] Handler limited(Handler handler);

  [[nodiscard]] std::size_t addresses() const;

 private:
  using Time = base::Clock::Monotonic;
  // When the allowance of an address is full again; once that is over, it need not be remembered.
  using Allowances = std::unordered_map<std::string, Time>;

  [[nodiscard]] Verdict verdict_at(Time now, Time& full_at) const;
  void add_headers(Response& response, const Verdict& verdict) const;

  const std::string name_;
  const Rate rate_;
  const base::Clock& clock_;
  base::Guarded<Allowances> allowances_;
};

}  // namespace http
