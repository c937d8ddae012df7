#include "api_case.hpp"
#include "base/error.hpp"
#include "engine/requests/denial_store.hpp"
#include "engine/requests/token_keyring.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using api_test::Answer;
using api_test::ApiCase;
using Catch::Matchers::Contains;
namespace requests = engine::requests;

namespace {

class TrustCase : public ApiCase {
 public:
  explicit TrustCase(engine::ApiOptions api = {})
      : ApiCase{{.api = true, .worker = false, .bridge = false}, std::move(api)} {}

  [[nodiscard]] std::string token_of(const std::string& sub, std::chrono::seconds ends_in) {
    const requests::TokenKeyring keyring{keys_file(), clock, log};
    const auto end = clock.wall() + ends_in;
    return keyring.mint({.sub = sub, .issued_at = end - 1h, .expires_at = end});
  }
  [[nodiscard]] std::filesystem::path keys_file() const {
    return folder.path() / "token-keys.json";
  }
  [[nodiscard]] std::string file(const char* name) const {
    return support::content_of(folder.path() / name);
  }
  [[nodiscard]] wire::Caller caller(const std::string& sub) const {
    return *wire::Caller::from(wire::kOwnAlias, sub);
  }
};

class FewGuests : public TrustCase {
 public:
  FewGuests() : TrustCase{options()} {}

 private:
  static engine::ApiOptions options() {
    engine::ApiOptions api;
    api.guests.rate = {.requests = 3, .period = 60s};
    return api;
  }
};

class NoGuests : public TrustCase {
 public:
  NoGuests() : TrustCase{options()} {}

 private:
  static engine::ApiOptions options() {
    engine::ApiOptions api;
    api.guests.are_allowed = false;
    return api;
  }
};

}  // namespace

TEST_CASE_METHOD(TrustCase, "a guest may come back for a week", "[integration][api]") {
  const std::string sub = "guest-0123456789abcdef";
  const Answer late = post("/v1/guests", "", token_of(sub, -6 * 24h));
  CHECK(late.status == 201);
  CHECK(late.body.at("sub") == sub);
  CHECK(get("/v1/broker", late.body.at("token")).status == 200);
  CHECK(post("/v1/guests", "", token_of(sub, -8 * 24h)).status == 401);
  CHECK(get("/v1/broker", token_of(sub, -10s)).status == 401);
  CHECK(post("/v1/guests", "", token_of("ann", 1h)).status == 403);
}

TEST_CASE_METHOD(FewGuests, "guests from one address are limited", "[integration][api]") {
  for (int count = 0; count < 3; ++count) CHECK(post("/v1/guests", "", "").status == 201);
  const Answer refused = post("/v1/guests", "", "");
  CHECK(refused.status == 429);
  CHECK(refused.header("Retry-After") == "20");
  CHECK(refused.body.at("title") == "Too many requests");
}

TEST_CASE_METHOD(NoGuests, "without guests nobody gets a token for nothing", "[integration][api]") {
  CHECK(post("/v1/guests", "", "").status == 403);
  CHECK(get("/v1/broker", token_of("ann", 1h)).status == 200);
}

TEST_CASE_METHOD(TrustCase,
                 "who is denied is refused, told to the broker, and may come back",
                 "[integration][api]") {
  const Answer guest = post("/v1/guests", "", "");
  const std::string token = guest.body.at("token");
  const auto denied = caller(guest.body.at("sub"));
  CHECK(get("/v1/broker", token).status == 200);

  pg::Connection connection{options()};
  requests::deny(connection, denied, 1h, "a test");
  CHECK(support::eventually([&] { return get("/v1/broker", token).status == 401; }));
  CHECK(support::eventually(
      [&] { return file("denied.json").find(denied.text()) != std::string::npos; }));
  CHECK(post("/v1/guests", "", token).status == 401);
  const auto list = requests::list_denials(connection);
  REQUIRE(list.size() == 1);
  CHECK(list.front().what == denied.text());
  CHECK(list.front().reason == "a test");

  CHECK(requests::allow(connection, denied));
  CHECK_FALSE(requests::allow(connection, denied));
  CHECK(support::eventually([&] { return get("/v1/broker", token).status == 200; }));
  CHECK(support::eventually(
      [&] { return file("denied.json").find(denied.text()) == std::string::npos; }));
}

TEST_CASE_METHOD(TrustCase, "a denial ends when its time is over", "[integration][api]") {
  pg::Connection connection{options()};
  requests::deny(connection, requests::TokenName{.alias = "own", .jti = "j1"}, 1h, "");
  requests::deny(connection, caller("ann"), 1s, "");
  CHECK(requests::read_deny_list(connection).tokens.contains("own/j1"));
  CHECK(support::eventually([&] { return requests::read_deny_list(connection).callers.empty(); }));
  CHECK(requests::read_deny_list(connection).tokens.size() == 1);
}

TEST_CASE_METHOD(TrustCase,
                 "the broker is told public keys only, and a new one when there is one",
                 "[integration][api]") {
  const std::string before = file("trust.json");
  REQUIRE_FALSE(before.empty());
  CHECK_THAT(before, !Contains("\"d\"") && !Contains("PRIVATE"));
  const auto keys = requests::rotated(requests::read_token_keys(keys_file()),
                                      wire::Algorithm::kEs256,
                                      clock.wall(),
                                      clock.wall() + 60s);
  requests::write_token_keys(keys_file(), keys);
  const std::string kid = keys.back().key.kid();
  CHECK(support::eventually([&] { return file("trust.json").find(kid) != std::string::npos; }));
  CHECK_THAT(file("trust.json"), !Contains("\"d\"") && !Contains("PRIVATE"));
}
