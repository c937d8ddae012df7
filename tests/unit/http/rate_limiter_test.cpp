#include "http/rate_limiter.hpp"

#include "support/hand_clock.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace std::chrono_literals;
using http::RateLimiter;

namespace {

/// How many of `tries` requests are allowed, one right after the other.
int allowed_of(RateLimiter& limiter, int tries, const std::string& address = "203.0.113.7") {
  int count = 0;
  for (int at = 0; at < tries; ++at) {
    if (limiter.ask(address).is_allowed) ++count;
  }
  return count;
}

http::Request request_from(const std::string& address) {
  http::Request request;
  request.remote_address = address;
  return request;
}

std::string header(const http::Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

TEST_CASE("whoever was quiet may send all at once, then one by one", "[unit][http]") {
  support::HandClock clock;
  RateLimiter limiter{"guests", {.requests = 6, .period = 60s}, clock};
  CHECK(allowed_of(limiter, 10) == 6);
  clock.pass(9s);
  CHECK(allowed_of(limiter, 10) == 0);
  clock.pass(1s);
  CHECK(allowed_of(limiter, 10) == 1);
  clock.pass(60s);
  CHECK(allowed_of(limiter, 10) == 6);
}

TEST_CASE("who waits as long as told is let in, and not a second sooner", "[unit][http]") {
  support::HandClock clock;
  RateLimiter limiter{"guests", {.requests = 4, .period = 60s}, clock};
  CHECK(allowed_of(limiter, 4) == 4);
  const auto refused = limiter.ask("203.0.113.7");
  REQUIRE_FALSE(refused.is_allowed);
  CHECK(refused.retry_after == 15s);
  CHECK(refused.full_after == 60s);
  clock.pass(refused.retry_after - 1s);
  CHECK_FALSE(limiter.ask("203.0.113.7").is_allowed);
  clock.pass(1s);
  CHECK(limiter.ask("203.0.113.7").is_allowed);
}

TEST_CASE("addresses count apart, those of one IPv6 network together", "[unit][http]") {
  support::HandClock clock;
  RateLimiter limiter{"guests", {.requests = 2, .period = 60s}, clock};
  CHECK(allowed_of(limiter, 3, "203.0.113.7") == 2);
  CHECK(allowed_of(limiter, 3, "203.0.113.8") == 2);
  CHECK(allowed_of(limiter, 1, "2001:db8:1:2::1") == 1);
  CHECK(allowed_of(limiter, 3, "2001:db8:1:2:ffff::9") == 1);
  CHECK(allowed_of(limiter, 3, "2001:db8:1:3::1") == 2);
}

TEST_CASE("a flood of addresses costs no more memory, and old ones keep theirs", "[unit][http]") {
  support::HandClock clock;
  RateLimiter limiter{"guests", {.requests = 2, .period = 60s}, clock};
  CHECK(limiter.ask("203.0.113.7").is_allowed);
  int strangers = 0;
  for (int at = 0; at < 12'000; ++at) {
    strangers += allowed_of(limiter, 1, "10.0." + std::to_string(at));
  }
  CHECK(limiter.addresses() <= RateLimiter::kAddressesMax + 1);
  CHECK(strangers < 10'010);
  CHECK(allowed_of(limiter, 3, "203.0.113.7") == 1);
  clock.pass(60s);
  CHECK(allowed_of(limiter, 3, "10.1.stranger") == 2);
  CHECK(limiter.addresses() < 10);
}

TEST_CASE("a refused request is 429 and says when to come again", "[unit][http]") {
  support::HandClock clock;
  RateLimiter limiter{"guests", {.requests = 1, .period = 60s}, clock};
  int runs = 0;
  const http::Handler handler = limiter.limited([&](const http::Request&) {
    ++runs;
    return http::json_response(201, {{"ok", true}});
  });
  const auto first = handler(request_from("203.0.113.7"));
  CHECK(first.status == 201);
  CHECK(header(first, "RateLimit-Policy") == "\"guests\";q=1;w=60");
  CHECK(header(first, "RateLimit") == "\"guests\";r=0;t=60");
  const auto second = handler(request_from("203.0.113.7"));
  CHECK(second.status == 429);
  CHECK(header(second, "Retry-After") == "60");
  CHECK(header(second, "RateLimit") == "\"guests\";r=0;t=60");
  CHECK(runs == 1);
}

TEST_CASE("a rate of nothing is no limit", "[unit][http]") {
  support::HandClock clock;
  RateLimiter limiter{"guests", {.requests = 0}, clock};
  CHECK(allowed_of(limiter, 1'000) == 1'000);
  CHECK(limiter.addresses() == 0);
}
