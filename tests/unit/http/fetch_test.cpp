#include "http/fetch.hpp"

#include "unit/http/server_fixture.hpp"

#include <catch2/catch.hpp>

#include <thread>

using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

class FetchCase : public http_test::ServerFixture {
 protected:
  [[nodiscard]] std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port()) + path;
  }
};

}  // namespace

TEST_CASE("only what its owner sent may be fetched", "[unit][http]") {
  for (const char* good : {"https://login.example.org/keys",
                           "http://127.0.0.1:8080/keys",
                           "http://localhost/keys",
                           "http://[::1]/keys"}) {
    INFO(good);
    CHECK(http::is_fetchable(good));
  }
  for (const char* bad : {"http://login.example.org/keys",
                          "ftp://127.0.0.1/keys",
                          "file:///etc/passwd",
                          "https://ann:secret@login.example.org/keys",
                          "http://127.0.0.1.example.org/keys",
                          "/keys",
                          ""}) {
    INFO(bad);
    CHECK_FALSE(http::is_fetchable(bad));
    CHECK_FALSE(http::fetch(bad));
  }
}

TEST_CASE_METHOD(FetchCase, "the body of a 200 is given as it is", "[unit][http]") {
  const auto body = http::fetch(url("/v1/things/7"));
  REQUIRE(body);
  CHECK(!body->empty());
}

TEST_CASE_METHOD(FetchCase,
                 "another status, or too much, is an error of one line",
                 "[unit][http]") {
  const auto absent = http::fetch(url("/v1/nowhere"));
  REQUIRE_FALSE(absent);
  CHECK_THAT(absent.error(), Contains("answered 404"));
  const auto large = http::fetch(url("/v1/things/7"), {}, {.bytes = 3});
  REQUIRE_FALSE(large);
  CHECK_THAT(large.error(), Contains("more than 3 bytes"));
}

TEST_CASE_METHOD(FetchCase, "a server that does not answer is given up", "[unit][http]") {
  const auto slow = http::fetch(url("/slow"), {}, {.time = 200ms});
  REQUIRE_FALSE(slow);
  CHECK_THAT(slow.error(), Contains("127.0.0.1") && !Contains("\n"));
  open_gate();
}

TEST_CASE_METHOD(FetchCase, "a stop ends a fetch that waits", "[unit][http]") {
  std::stop_source stop;
  std::jthread stopping{[&] {
    wait_until_at_gate(1);
    stop.request_stop();
  }};
  const auto began = std::chrono::steady_clock::now();
  CHECK_FALSE(http::fetch(url("/slow"), stop.get_token(), {.time = 60s}));
  CHECK(std::chrono::steady_clock::now() - began < 20s);
  open_gate();
}

TEST_CASE_METHOD(FetchCase, "a server that is gone is an error", "[unit][http]") {
  stop();
  CHECK_FALSE(http::fetch(url("/page")));
}
