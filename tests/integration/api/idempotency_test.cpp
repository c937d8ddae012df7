#include "api_case.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <set>

using api_test::a_question;
using api_test::Answer;
using api_test::ApiCase;

TEST_CASE_METHOD(
    ApiCase,
    "a repeat with the same Idempotency-Key is answered with the same job as it stands",
    "[integration][api]") {
  const std::string token = guest();
  const Answer first = post_keyed(a_question().dump(), token, "\"8e03978e-40d5\"");
  REQUIRE(first.status == 202);
  CHECK(first.header("Idempotency-Replayed").empty());
  const std::string id = first.body.at("id");
  const base::Json done = final_job(id, token);

  // Bare instead of quoted, and written in another way: the same request all the same.
  const Answer again = post_keyed(a_question().dump(2), token, "8e03978e-40d5");
  CHECK(again.status == 202);
  CHECK(again.header("Idempotency-Replayed") == "true");
  CHECK(again.header("Location") == "/v1/jobs/" + id);
  CHECK(again.header("Retry-After").empty());
  CHECK(again.body == done);
  CHECK(value_of("select count(*) from ask_around_me.question") == "1");
}

TEST_CASE_METHOD(ApiCase,
                 "an Idempotency-Key that was used for another request is refused",
                 "[integration][api]") {
  const std::string token = guest();
  REQUIRE(post_keyed(a_question().dump(), token, "k").status == 202);
  base::Json other = a_question();
  other["text"] = "And where is good tea?";

  const Answer refused = post_keyed(other.dump(), token, "k");
  CHECK(refused.status == 422);
  CHECK(refused.body.at("type") == "urn:earshot:problem:idempotency-key-reused");
  // Somebody else's key is another one, whatever it is called.
  CHECK(post_keyed(other.dump(), guest(), "k").status == 202);
}

TEST_CASE_METHOD(ApiCase, "repeats that come at once are one question", "[integration][api]") {
  const std::string token = guest();
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 100; ++i) {
    answers.push_back(std::async(
        std::launch::async, [&] { return post_keyed(a_question().dump(), token, "at-once"); }));
  }
  std::set<std::string> ids;
  for (auto& future : answers) {
    const Answer answer = future.get();
    REQUIRE(answer.status == 202);
    ids.insert(answer.body.at("id").get<std::string>());
  }
  CHECK(ids.size() == 1);
  CHECK(final_job(*ids.begin(), token).at("state") == "completed");
  CHECK(value_of("select count(*) from ask_around_me.question") == "1");
}

TEST_CASE_METHOD(ApiCase, "an Idempotency-Key that is none is refused", "[integration][api]") {
  const std::string token = guest();
  for (const std::string& key : {std::string{"\"\""},
                                 std::string{"a b"},
                                 std::string{"\"a"},
                                 std::string(256, 'k'),
                                 std::string{"k\xC3\xA9"}}) {
    CAPTURE(key);
    const Answer refused = post_keyed(a_question().dump(), token, key);
    CHECK(refused.status == 400);
  }
  CHECK(post_keyed(a_question().dump(), token, std::string(255, 'k')).status == 202);
  CHECK(value_of("select count(*) from engine.job") == "1");
}
