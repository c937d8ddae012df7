#include "api_case.hpp"
#include "base/time_text.hpp"
#include "engine/requests/token_keyring.hpp"

#include <catch2/catch.hpp>

#include <set>

using api_test::a_question;
using api_test::Answer;
using api_test::ApiCase;

namespace {

class BulkCase : public ApiCase {
 public:
  explicit BulkCase(bool has_worker = true)
      : ApiCase{{.api = true, .worker = has_worker, .bridge = false}} {}

  [[nodiscard]] std::string token(wire::Roles roles) {
    const engine::requests::TokenKeyring keyring{folder.path() / "token-keys.json", clock, log};
    const auto now = clock.wall();
    return keyring.mint({.sub = "importer",
                         .issued_at = now,
                         .expires_at = now + std::chrono::hours{1},
                         .roles = roles});
  }
  [[nodiscard]] std::string importer() { return token({.is_operator = true}); }

  [[nodiscard]] static base::Json note(const std::string& text) {
    return {{"kind", "echo.say"}, {"args", {{"text", text}}}};
  }
  [[nodiscard]] static base::Json notes(int count) {
    base::Json all = base::Json::array();
    for (int n = 0; n < count; ++n) all.push_back(note("note " + std::to_string(n)));
    return all;
  }
  [[nodiscard]] std::string stored() { return value_of("select count(*) from engine.job"); }
};

class WithoutWorker : public BulkCase {
 public:
  WithoutWorker() : BulkCase{false} {}
};

}  // namespace

TEST_CASE_METHOD(BulkCase, "an array of jobs is stored and carried out", "[integration][api]") {
  const std::string bearer = importer();
  const Answer accepted = post("/v1/jobs", notes(1'000).dump(), bearer);
  REQUIRE(accepted.status == 202);
  CHECK(accepted.header("Retry-After") == "1");
  const base::Json& jobs = accepted.body.at("jobs");
  REQUIRE(jobs.size() == 1'000);
  std::set<std::string> ids;
  for (const base::Json& job : jobs) ids.insert(job.at("id").get<std::string>());
  CHECK(ids.size() == 1'000);
  const base::Json last = final_job(jobs.back().at("id"), bearer);
  CHECK(last.at("state") == "completed");
  CHECK(last.at("result").at("text") == "note 999");
}

TEST_CASE_METHOD(BulkCase, "one job is accepted like a command", "[integration][api]") {
  const std::string bearer = token({.is_worker = true});
  base::Json asked{{"kind", "ask_around_me.ask_question"},
                   {"args", a_question()},
                   {"priority", -3},
                   {"max_attempts", 2},
                   {"idempotency_key", "q1"}};
  const Answer first = post("/v1/jobs", asked.dump(), bearer);
  REQUIRE(first.status == 202);
  const std::string id = first.body.at("id");
  CHECK(first.header("Location") == "/v1/jobs/" + id);
  CHECK(first.body.at("max_attempts") == 2);
  CHECK(final_job(id, bearer).at("state") == "completed");

  const Answer again = post("/v1/jobs", asked.dump(), bearer);
  CHECK(again.header("Idempotency-Replayed") == "true");
  CHECK(again.body.at("id") == id);
  CHECK(again.body.at("state") == "completed");
}

TEST_CASE_METHOD(WithoutWorker, "the more urgent job is claimed first", "[integration][api]") {
  base::Json all = notes(2);
  all[1]["priority"] = -1;
  REQUIRE(post("/v1/jobs", all.dump(), importer()).status == 202);
  CHECK(value_of("select j.args->>'text' from engine.claim(1, array['echo.say'], 1, 1000, '1 s') c "
                 "join engine.job j on j.id = c.batch_id << 12") == "note 1");
}

TEST_CASE_METHOD(WithoutWorker,
                 "one job that is wrong refuses the array, and its place is named",
                 "[integration][api]") {
  const std::string bearer = importer();
  base::Json all = notes(5);
  all[1]["args"] = {{"text", ""}};
  all[2]["kind"] = "echo.shout";
  all[3]["priority"] = "high";
  all[4] = 7;
  const Answer refused = post("/v1/jobs", all.dump(), bearer);
  CHECK(refused.status == 400);
  std::set<std::string> pointers;
  for (const base::Json& error : refused.body.at("errors")) {
    pointers.insert(error.at("pointer").get<std::string>());
  }
  CHECK(pointers == std::set<std::string>{"/1/args/text", "/2/kind", "/3/priority", "/4"});
  CHECK(stored() == "0");
}

TEST_CASE_METHOD(WithoutWorker,
                 "too many jobs, too large a job, too large an array",
                 "[integration][api]") {
  const std::string bearer = importer();
  CHECK(post("/v1/jobs", "[]", bearer).status == 400);
  const Answer many = post("/v1/jobs", notes(1'001).dump(), bearer);
  CHECK(many.status == 400);
  CHECK(many.body.at("errors")[0].at("detail") == "must hold 1 to 1000 jobs");
  CHECK(post("/v1/jobs", std::string(4 * 1024 * 1024 + 1, ' '), bearer).status == 413);
  // As much as one may hold: the size of the body alone refuses nothing.
  const std::string padding(4 * 1024 * 1024 - 200, ' ');
  CHECK(post("/v1/jobs", note("small").dump() + padding, bearer).status == 202);
  CHECK(stored() == "1");
}

TEST_CASE_METHOD(WithoutWorker,
                 "an array with a key that was used for something else stores nothing",
                 "[integration][api]") {
  const std::string bearer = importer();
  base::Json all = notes(3);
  all[0]["idempotency_key"] = "import-1";
  const Answer first = post("/v1/jobs", all[0].dump(), bearer);
  REQUIRE(first.status == 202);

  all[0]["args"]["text"] = "something else";
  CHECK(post("/v1/jobs", all.dump(), bearer).status == 422);
  CHECK(stored() == "1");

  all[0]["args"]["text"] = "note 0";
  const Answer second = post("/v1/jobs", all.dump(), bearer);
  REQUIRE(second.status == 202);
  CHECK(second.body.at("jobs")[0].at("id") == first.body.at("id"));
  CHECK(stored() == "3");
}

TEST_CASE_METHOD(BulkCase, "a job with a time waits for it", "[integration][api]") {
  const std::string bearer = importer();
  base::Json later = note("later");
  later["run_at"] = base::utc_text(clock.wall() + std::chrono::hours{1});
  const Answer accepted = post("/v1/jobs", later.dump(), bearer);
  REQUIRE(accepted.status == 202);
  CHECK(accepted.body.at("state") == "scheduled");
  CHECK(accepted.body.at("scheduled_at") == later.at("run_at"));
  CHECK(get(accepted.header("Location"), bearer).body == accepted.body);

  later["run_at"] = "2001-02-03T04:05:06Z";  // Past: at once.
  const Answer now = post("/v1/jobs", later.dump(), bearer);
  CHECK(final_job(now.body.at("id"), bearer).at("state") == "completed");

  for (const std::string& wrong :
       {std::string{"tomorrow"}, base::utc_text(clock.wall() + std::chrono::hours{31 * 24})}) {
    later["run_at"] = wrong;
    const Answer refused = post("/v1/jobs", later.dump(), bearer);
    CHECK(refused.status == 400);
    CHECK(refused.body.at("errors")[0].at("pointer") == "/run_at");
  }
  CHECK(stored() == "2");
}

TEST_CASE_METHOD(WithoutWorker, "jobs of any kind are for granted roles", "[integration][api]") {
  CHECK(post("/v1/jobs", notes(1).dump(), "").status == 401);
  const Answer refused = post("/v1/jobs", notes(1).dump(), guest());
  CHECK(refused.status == 403);
  CHECK(refused.body.at("type") == "urn:earshot:problem:forbidden");
  CHECK(post("/v1/jobs", notes(1).dump(), token({})).status == 403);
  CHECK(stored() == "0");
}
