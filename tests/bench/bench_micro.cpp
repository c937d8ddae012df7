#include "base/check.hpp"
#include "base/json.hpp"
#include "geo/cover.hpp"
#include "http/request_head.hpp"
#include "wire/envelope.hpp"
#include "wire/json_text.hpp"
#include "wire/token_gate.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// How long one call of what every request needs takes, on one thread: `bench_micro SECONDS` prints
// a JSON object of microseconds.

namespace {

using Steady = std::chrono::steady_clock;

// What is computed goes here, so that no compiler leaves it out.
volatile std::size_t sink = 0;

/// Calls until the time is over, in rounds long enough for the clock not to matter.
double microseconds(std::chrono::duration<double> time,
                    const std::function<std::size_t(std::size_t)>& call) {
  constexpr std::size_t kRound = 64;
  const auto begin = Steady::now();
  std::size_t calls = 0;
  while (Steady::now() - begin < time) {
    for (std::size_t count = 0; count < kRound; ++count) sink = sink + call(calls++);
  }
  const std::chrono::duration<double, std::micro> spent = Steady::now() - begin;
  return spent.count() / static_cast<double>(calls);
}

std::string token_of(const wire::SigningKey& key) {
  const auto now = std::chrono::system_clock::now();
  return wire::TokenMinter{key, std::string{wire::kOwnIssuer}, std::string{wire::kOwnAudience}}
      .mint({.sub = "guest-0123456789abcdef",
             .issued_at = now,
             .expires_at = now + std::chrono::hours{1},
             .roles = {}});
}

std::function<std::size_t(std::size_t)> verify_token(wire::Algorithm algorithm) {
  static const base::SystemClock clock;
  const wire::SigningKey key = wire::SigningKey::generate(algorithm);
  const auto verifier = std::make_shared<const wire::TokenVerifier>(
      std::vector{wire::own_issuer({key.public_key()})}, clock);
  return [verifier, token = token_of(key)](std::size_t) {
    const auto verified = verifier->verify(token);
    base::check(static_cast<bool>(verified), "a token of ours is genuine");
    return verified->sub.size();
  };
}

/// What a request costs whose token was seen before.
std::function<std::size_t(std::size_t)> verify_known_token() {
  static const base::SystemClock clock;
  const wire::SigningKey key = wire::SigningKey::generate();
  const auto gate =
      std::make_shared<wire::TokenGate>(std::vector{wire::own_issuer({key.public_key()})}, clock);
  return [gate, token = token_of(key)](std::size_t) {
    const auto verified = gate->verify(token);
    base::check(static_cast<bool>(verified), "a token of ours is genuine");
    return verified->sub.size();
  };
}

/// Around towns of middle latitudes, a new place each time.
std::function<std::size_t(std::size_t)> cover(double radius_m) {
  return [radius_m](std::size_t call) {
    const double turn = static_cast<double>(call % 1000) / 1000.0;
    const auto cells =
        geo::cover({.lat = 35.0 + 20.0 * turn, .lon = 360.0 * turn - 180.0}, radius_m);
    return cells ? cells->size() : 0;
  };
}

std::function<std::size_t(std::size_t)> envelope() {
  const wire::Event event{.source_app = "ask_around_me",
                          .type = "question.asked",
                          .subject = "06f8zq1s40001",
                          .cell = geo::cell_of({.lat = 37.7793, .lon = -122.4193}, 7),
                          .data = R"({"id":"06f8zq1s40001","text":"Where is good coffee?"})",
                          .offset = 23,
                          .prev = 19,
                          .at = std::chrono::system_clock::now()};
  return [event](std::size_t) { return wire::envelope(event, "7342-1").size(); };
}

std::function<std::size_t(std::size_t)> parse_body() {
  return [](std::size_t) {
    const auto json = wire::parse_json(
        R"({"text":"Where is good coffee?","kind":"stars","lat":37.7793,"lon":-122.4193})");
    return json->size();
  };
}

std::function<std::size_t(std::size_t)> parse_head() {
  const std::string head =
      "POST /v1/questions HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: bench\r\n"
      "Authorization: Bearer " +
      std::string(/*count=*/300, 'a') +
      "\r\nContent-Type: application/json\r\nContent-Length: 80\r\n\r\n";
  return [head](std::size_t) { return http::parse_request_head(head)->headers.size(); };
}

}  // namespace

int main(int argc, char** argv) {
  const std::chrono::duration<double> time{argc > 1 ? std::atof(argv[1]) : 1.0};
  base::Json figures;
  figures["verify a token (EdDSA)"] = microseconds(time, verify_token(wire::Algorithm::kEdDsa));
  figures["verify a token (ES256)"] = microseconds(time, verify_token(wire::Algorithm::kEs256));
  figures["verify a known token"] = microseconds(time, verify_known_token());
  figures["cover of 2 km"] = microseconds(time, cover(2'000.0));
  figures["cover of 8 km"] = microseconds(time, cover(8'000.0));
  figures["cover of 50 km"] = microseconds(time, cover(50'000.0));
  figures["envelope of an event"] = microseconds(time, envelope());
  figures["parse a body"] = microseconds(time, parse_body());
  figures["parse a head"] = microseconds(time, parse_head());
  std::puts(base::to_text(figures).c_str());
}
