#include "api_case.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <future>

using api_test::a_question;
using api_test::Answer;
using api_test::ApiCase;
using namespace std::chrono_literals;

namespace {

engine::ApiOptions quick_looks() {
  engine::ApiOptions options;
  options.waiters.look_every = 20ms;
  return options;
}

class WaitCase : public ApiCase {
 public:
  explicit WaitCase(engine::Roles roles = {.api = true, .worker = true, .bridge = false},
                    engine::ApiOptions options = quick_looks())
      : ApiCase{roles, std::move(options)} {}

  Answer ask_and_wait(const std::string& prefer, const std::string& token) {
    return post_with({{"Prefer", prefer}}, "/v1/questions", a_question().dump(), token);
  }
  void cancel_by_hand(const std::string& id) {
    onlooker().query("select engine.end_early(" + std::to_string(wire::JobId::parse(id)->value()) +
                     ", null, 'cancelled', '{\"type\":\"test\"}')");
  }
};

class WithoutWorker : public WaitCase {
 public:
  WithoutWorker() : WaitCase{{.api = true, .worker = false, .bridge = false}} {}
};

class FullHouse : public WaitCase {
 public:
  FullHouse() : WaitCase{{.api = true, .worker = false, .bridge = false}, nobody_waits()} {}
  static engine::ApiOptions nobody_waits() {
    engine::ApiOptions options;
    options.waiters.waiters_max = 0;
    return options;
  }
};

}  // namespace

TEST_CASE_METHOD(WaitCase,
                 "who waits has the final job in the same response",
                 "[integration][api]") {
  const Answer answer = ask_and_wait("respond-async, wait=4", guest());
  CHECK(answer.status == 200);
  CHECK(answer.body.at("state") == "completed");
  CHECK(answer.header("Preference-Applied") == "wait=4");
  CHECK(answer.header("Retry-After").empty());
  CHECK(answer.header("Location") == "/v1/jobs/" + answer.body.at("id").get<std::string>());
  CHECK_FALSE(answer.header("ETag").empty());
}

TEST_CASE_METHOD(WaitCase, "a repeat that waits has the job of the first", "[integration][api]") {
  const std::string token = guest();
  const std::string body = a_question().dump();
  const auto send = [&] {
    return post_with(
        {{"Prefer", "wait=4"}, {"Idempotency-Key", "k"}}, "/v1/questions", body, token);
  };
  const Answer first = send();
  const Answer second = send();
  CHECK(second.status == 200);
  CHECK(second.header("Idempotency-Replayed") == "true");
  CHECK(second.body == first.body);
}

TEST_CASE_METHOD(WithoutWorker,
                 "who waited long enough has 202, and the job as it stands",
                 "[integration][api]") {
  const auto began = std::chrono::steady_clock::now();
  const Answer answer = ask_and_wait("wait=1", guest());
  CHECK(answer.status == 202);
  CHECK(answer.body.at("state") == "available");
  CHECK(answer.header("Preference-Applied") == "wait=1");
  CHECK(answer.header("Retry-After") == "1");
  CHECK(std::chrono::steady_clock::now() - began >= 1s);
}

TEST_CASE_METHOD(FullHouse, "when too many wait, a reply comes at once", "[integration][api]") {
  const std::string token = guest();
  const Answer answer = ask_and_wait("wait=25", token);
  CHECK(answer.status == 202);
  CHECK(answer.header("Preference-Applied").empty());
  CHECK(get(answer.header("Location"), token, {{"Prefer", "wait=25"}}).status == 200);
}

TEST_CASE_METHOD(WithoutWorker,
                 "what another process did to a job reaches who waits for it here",
                 "[integration][api]") {
  const std::string token = guest();
  const std::string id = post("/v1/questions", a_question().dump(), token).body.at("id");
  const auto path = "/v1/jobs/" + id;
  const std::string etag = get(path, token).header("ETag");

  auto polled = std::async(std::launch::async, [&] {
    return get(path, token, {{"If-None-Match", etag}, {"Prefer", "wait=4"}});
  });
  auto waited = std::async(std::launch::async, [&] {
    return get(path, token, {{"Prefer", "wait=4"}});
  });
  CHECK(polled.wait_for(50ms) == std::future_status::timeout);
  cancel_by_hand(id);
  for (auto* one : {&polled, &waited}) {
    const Answer answer = one->get();
    CHECK(answer.status == 200);
    CHECK(answer.body.at("state") == "cancelled");
    CHECK(answer.header("ETag") != etag);
  }
}

TEST_CASE_METHOD(WaitCase, "a job that has not changed is not sent again", "[integration][api]") {
  const std::string token = guest();
  const std::string id = ask(a_question(), token);
  const Answer first = get("/v1/jobs/" + id, token);
  const std::string etag = first.header("ETag");
  REQUIRE(etag.size() > 2);
  CHECK(etag.front() == '"');

  for (const std::string& known : {etag, "W/" + etag, "\"other\", " + etag, std::string{"*"}}) {
    // Final: there is nothing to wait for.
    const Answer again =
        get("/v1/jobs/" + id, token, {{"If-None-Match", known}, {"Prefer", "wait=20"}});
    CHECK(again.status == 304);
    CHECK(again.header("ETag") == etag);
    CHECK(again.header("Content-Length").empty());
  }
  CHECK(get("/v1/jobs/" + id, token, {{"If-None-Match", "\"other\""}}).status == 200);
}

TEST_CASE("a service that stops answers those who wait", "[integration][api]") {
  std::future<Answer> waiting;
  {
    WithoutWorker house;
    const std::string token = house.guest();
    const std::string id = house.post("/v1/questions", a_question().dump(), token).body.at("id");
    waiting = std::async(std::launch::async, [&house, token, id] {
      return house.get("/v1/jobs/" + id, token, {{"Prefer", "wait=25"}});
    });
    CHECK(waiting.wait_for(100ms) == std::future_status::timeout);
    house.stop();
    REQUIRE(waiting.wait_for(5s) == std::future_status::ready);
  }
  CHECK(waiting.get().body.at("state") == "available");
}
