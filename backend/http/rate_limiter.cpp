#include "http/rate_limiter.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace http {
namespace {

using std::chrono::ceil;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// What one customer of a network has: an IPv4 address, or the first 64 bits of an IPv6 one.
std::string network_of(std::string_view address) {
  in6_addr v6{};
  std::string text{address};
  if (::inet_pton(AF_INET6, text.c_str(), &v6) != 1) return text;
  constexpr std::size_t kNetworkBytes = 8;
  const auto* first = static_cast<const std::uint8_t*>(v6.s6_addr);
  return {first, first + kNetworkBytes};
}

}  // namespace

RateLimiter::RateLimiter(std::string name, Rate rate, const base::Clock& clock)
    : name_{std::move(name)}, rate_{rate}, clock_{clock} {}

RateLimiter::Verdict RateLimiter::ask(std::string_view address) {
  if (rate_.requests == 0) return {};
  const Time now = clock_.monotonic();
  std::string network = network_of(address);
  return allowances_.with([&](Allowances& allowances) {
    if (allowances.size() >= kAddressesMax && !allowances.contains(network)) {
      std::erase_if(allowances, [now](const auto& each) { return each.second <= now; });
      if (allowances.size() >= kAddressesMax) network.clear();  // What newcomers share.
    }
    return verdict_at(now, allowances.try_emplace(std::move(network), now).first->second);
  });
}

RateLimiter::Verdict RateLimiter::verdict_at(Time now, Time& full_at) const {
  const nanoseconds all{rate_.period};
  const nanoseconds one = all / static_cast<std::int64_t>(rate_.requests);
  const Time base = std::max(full_at, now);
  const nanoseconds used = base - now + one;
  if (used > all) {
    return {.is_allowed = false,
            .left = 0,
            .retry_after = ceil<seconds>(used - all),
            .full_after = ceil<seconds>(base - now)};
  }
  full_at = base + one;
  return {.is_allowed = true,
          .left = static_cast<std::size_t>((all - used) / one),
          .retry_after = seconds{0},
          .full_after = ceil<seconds>(used)};
}

Handler RateLimiter::limited(Handler handler) {
  if (rate_.requests == 0) return handler;
  return [this, handler = std::move(handler)](const Request& request) {
    const Verdict verdict = ask(request.remote_address);
    Response response =
        verdict.is_allowed
            ? handler(request)
            : problem_response(wire::problem::too_many_requests(verdict.retry_after));
    add_headers(response, verdict);
    return response;
  };
}

void RateLimiter::add_headers(Response& response, const Verdict& verdict) const {
  response.headers.emplace_back(
      "RateLimit-Policy",
      fmt::format("\"{}\";q={};w={}", name_, rate_.requests, rate_.period.count()));
  response.headers.emplace_back(
      "RateLimit",
      fmt::format("\"{}\";r={};t={}", name_, verdict.left, verdict.full_after.count()));
}

std::size_t RateLimiter::addresses() const {
  return allowances_.with([](const Allowances& allowances) { return allowances.size(); });
}

}  // namespace http
