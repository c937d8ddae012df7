#include "api_case.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

using api_test::a_question;
using api_test::Answer;
using api_test::ApiCase;
using base::Json;

namespace {

Json a_digest() {
  return {{"lat", 37.7793}, {"lon", -122.4193}, {"radius_m", 5'000}};
}

class DigestCase : public ApiCase {
 public:
  [[nodiscard]] Json digest(const Json& wanted, const std::string& token) {
    const Answer answer = post("/v1/digests", wanted.dump(), token);
    CHECK(answer.status == 202);
    return final_job(answer.body.at("id"), token);
  }
};

Json question_at(double lat, double lon) {
  Json question = a_question();
  question["lat"] = lat;
  question["lon"] = lon;
  return question;
}

}  // namespace

TEST_CASE_METHOD(DigestCase,
                 "a digest counts what was asked in the circle, area by area",
                 "[integration][api]") {
  const std::string token = guest();
  ask(question_at(37.7793, -122.4193), token);
  ask(question_at(37.7793, -122.4193), token);
  ask(question_at(37.80, -122.40), token);
  ask(question_at(40.7, -74.0), token);
  onlooker().query(
      "update ask_around_me.question set answers = 4, stars_sum_halves = 28 "
      "where id = (select min(id) from ask_around_me.question)");

  const Json job = digest(a_digest(), token);

  CHECK(job.at("state") == "completed");
  CHECK(job.at("kind") == "ask_around_me.make_digest");
  CHECK(job.at("progress").at("percent") == 100);
  const Json& report = job.at("result");
  CHECK(report.at("type") == "FeatureCollection");
  CHECK(report.at("questions") == 3);
  CHECK(report.at("answers") == 4);
  // Each area was shown as soon as it was looked at.
  CHECK(job.at("partial") == report.at("features"));
  std::int64_t questions = 0;
  for (const Json& feature : report.at("features")) {
    questions += feature.at("properties").at("questions").get<std::int64_t>();
    const Json& ring = feature.at("geometry").at("coordinates").at(0);
    CHECK(ring.size() == 5);
    CHECK(ring.front() == ring.back());
    CHECK(ring[0][0] < ring[1][0]);  // Counterclockwise: from the south-west to the east first.
    CHECK(ring[1][1] < ring[2][1]);
    const Json& mean = feature.at("properties").at("stars_mean");
    CHECK((mean.is_null() || mean == 3.5));
  }
  CHECK(questions == 3);
}

TEST_CASE_METHOD(DigestCase,
                 "a digest leaves out what was asked before, and is empty where nothing was",
                 "[integration][api]") {
  const std::string token = guest();
  ask(question_at(37.7793, -122.4193), token);
  onlooker().query("update ask_around_me.question set created_at = now() - interval '2 days'");
  Json wanted = a_digest();
  CHECK(digest(wanted, token).at("result").at("questions") == 1);
  wanted["since"] = "2026-01-01T00:00:00+01:00";
  CHECK(digest(wanted, token).at("result").at("since") == "2025-12-31T23:00:00.000Z");
  wanted["since"] = "2199-01-01T00:00:00Z";
  const Json none = digest(wanted, token).at("result");
  CHECK(none.at("questions") == 0);
  CHECK(none.at("features") == Json::array());
}

TEST_CASE_METHOD(DigestCase, "a digest of nonsense is refused at the door", "[integration][api]") {
  const std::string token = guest();
  const auto refused_at = [&](const char* field, const Json& value) {
    Json wanted = a_digest();
    wanted[field] = value;
    const Answer answer = post("/v1/digests", wanted.dump(), token);
    CHECK(answer.status == 400);
    return answer.body.at("errors").at(0).at("pointer").get<std::string>();
  };
  CHECK(refused_at("lat", 91) == "/lat");
  CHECK(refused_at("radius_m", 50'001) == "/radius_m");
  CHECK(refused_at("radius_m", "far") == "/radius_m");
  CHECK(refused_at("since", "yesterday") == "/since");
  CHECK(refused_at("since", "2999-01-01T00:00:00Z") == "/since");
  CHECK(refused_at("until", 1) == "/until");
  CHECK(post("/v1/digests", a_digest().dump(), "").status == 401);
}

TEST_CASE_METHOD(DigestCase,
                 "a digest can be waited for, and cancelled before it begins",
                 "[integration][api]") {
  const std::string token = guest();
  const Answer waited = post_with({{"Prefer", "wait=10"}}, "/v1/digests", a_digest().dump(), token);
  CHECK(waited.status == 200);
  CHECK(waited.body.at("state") == "completed");

  onlooker().query("insert into engine.paused_kind (kind) values ('ask_around_me.make_digest')");
  const std::string id = post("/v1/digests", a_digest().dump(), token).body.at("id");
  CHECK(remove("/v1/jobs/" + id, token).status == 200);
  CHECK(get("/v1/jobs/" + id, token).body.at("state") == "cancelled");
}
