#include "api_case.hpp"

#include <catch2/catch.hpp>

using api_test::a_question;
using api_test::Answer;
using api_test::ApiCase;

TEST_CASE_METHOD(ApiCase, "a question is accepted, carried out, and found", "[integration][api]") {
  const std::string token = guest();
  const Answer accepted = post("/v1/questions", a_question().dump(), token);

  REQUIRE(accepted.status == 202);
  const std::string id = accepted.body.at("id");
  CHECK(accepted.header("Location") == "/v1/jobs/" + id);
  CHECK(accepted.header("Retry-After") == "1");
  CHECK(accepted.body.at("state") == "available");
  CHECK(accepted.body.at("kind") == "ask_around_me.ask_question");

  const base::Json job = final_job(id, token);
  CHECK(job.at("state") == "completed");
  CHECK(job.at("version") > accepted.body.at("version"));
  CHECK(job.at("result").at("id") == id);
  CHECK(job.at("finalized_at").is_string());

  const Answer question = get("/v1/questions/" + id, token);
  CHECK(question.status == 200);
  CHECK(question.body.at("text") == "Where is good coffee?");
  CHECK(question.body.at("mine") == true);
  CHECK(get("/v1/questions/" + id, guest()).body.at("mine") == false);
}

TEST_CASE_METHOD(ApiCase, "an exact position is nowhere in the database", "[integration][api]") {
  const std::string token = guest();
  base::Json question = a_question();
  question["lat"] = 37.779312345;
  const std::string id = ask(question, token);

  const base::Json stored = get("/v1/questions/" + id, token).body;
  CHECK(stored.at("lat") == 37.77992248535156);
  CHECK(stored.at("cell") == "9q8yym8");
  CHECK(value_of("select count(*) from engine.job where args::text like '%37.7793%'") == "0");
  CHECK(value_of("select count(*) from engine.event where data::text like '%37.7793%'") == "0");
  CHECK(value_of("select count(*) from engine.result where result::text like '%37.7793%'") == "0");
}

TEST_CASE_METHOD(ApiCase,
                 "the list holds what is in the circle, newest first",
                 "[integration][api]") {
  const std::string token = guest();
  base::Json near = a_question();
  base::Json far = a_question();
  far["lat"] = 37.9;
  const std::string first = ask(near, token);
  ask(far, token);
  const std::string second = ask(near, token);

  const Answer list = get("/v1/questions?lat=37.7793&lon=-122.4193&radius_m=2000", token);

  REQUIRE(list.status == 200);
  REQUIRE(list.body.at("questions").size() == 2);
  CHECK(list.body.at("questions")[0].at("id") == second);
  CHECK(list.body.at("questions")[1].at("id") == first);
  CHECK(list.body.at("questions")[0].at("distance_m") < 2000);
  CHECK(list.body.at("next").is_null());
  CHECK(list.body.at("cover").at("filters").size() >= 1);
  CHECK(list.body.at("position") ==
        value_of("select engine.epoch() || ':' || max(event_offset) from engine.event"));
}

TEST_CASE_METHOD(ApiCase, "pages meet without a gap or a repeat", "[integration][api]") {
  const std::string token = guest();
  std::vector<std::string> newest_first;
  for (int i = 0; i < 7; ++i) newest_first.insert(newest_first.begin(), ask(a_question(), token));

  std::vector<std::string> seen;
  std::string cursor;
  do {
    const Answer page =
        get("/v1/questions?lat=37.7793&lon=-122.4193&radius_m=500&limit=3" + cursor, token);
    REQUIRE(page.status == 200);
    for (const auto& question : page.body.at("questions")) seen.push_back(question.at("id"));
    cursor =
        page.body.at("next").is_null() ? "" : "&cursor=" + page.body.at("next").get<std::string>();
  } while (!cursor.empty());

  CHECK(seen == newest_first);
}

TEST_CASE_METHOD(ApiCase,
                 "a circle across the antimeridian sees both sides",
                 "[integration][api]") {
  const std::string token = guest();
  base::Json west = a_question();
  west["lat"] = 0;
  west["lon"] = 179.999;
  base::Json east = west;
  east["lon"] = -179.999;
  ask(west, token);
  ask(east, token);

  const Answer list = get("/v1/questions?lat=0&lon=180&radius_m=1000", token);

  CHECK(list.body.at("questions").size() == 2);
}

TEST_CASE_METHOD(ApiCase, "near a pole the cover says to poll", "[integration][api]") {
  const Answer cover = get("/v1/cover?lat=89.9&lon=0&radius_m=20000", guest());
  REQUIRE(cover.status == 200);
  CHECK(cover.body.at("poll") == true);
  CHECK(cover.body.at("filters").empty());
  CHECK(cover.body.at("heads").empty());
}

TEST_CASE_METHOD(ApiCase, "an expired question is not listed", "[integration][api]") {
  const std::string token = guest();
  const std::string id = ask(a_question(), token);
  onlooker().query("update ask_around_me.question set expires_at = now() - interval '1 s'");
  CHECK(get("/v1/questions?lat=37.7793&lon=-122.4193&radius_m=500", token)
            .body.at("questions")
            .empty());
  CHECK(get("/v1/questions/" + id, token).status == 200);
}

TEST_CASE_METHOD(ApiCase, "the smallest app works on the same engine", "[integration][api]") {
  const std::string token = guest();
  const Answer accepted = post("/v1/echo", R"({"text":"hello"})", token);
  REQUIRE(accepted.status == 202);
  const base::Json job = final_job(accepted.body.at("id"), token);
  CHECK(job.at("result").at("text") == "hello");
  CHECK(value_of("select type || ' ' || cell from engine.event") == "note.said s000000");
}
