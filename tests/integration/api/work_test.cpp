#include "work_case.hpp"

#include <map>
#include <set>

using api_test::Answer;
using api_test::WorkCase;
using base::Json;

TEST_CASE_METHOD(WorkCase,
                 "an outside worker claims, reports, and completes with an event",
                 "[integration][api]") {
  const std::string id = accept(kRender, {{"page", 7}});
  const Json work = claimed();
  CHECK(work.at("id") == id);
  CHECK(work.at("kind") == kRender);
  CHECK(work.at("args") == Json{{"page", 7}});
  CHECK(work.at("attempt") == 1);
  CHECK(work.at("max_attempts") == 3);
  CHECK(job(id).at("state") == "running");

  const Answer half =
      tell(work,
           "progress",
           Json::parse(R"({"percent": 50, "note": "half", "partial": [{"part": 1}]})"));
  CHECK(half.status == 200);
  CHECK(half.body.at("cancel_requested") == false);
  CHECK(
      tell(work, "progress", Json::parse(R"({"percent": 60, "partial": [{"part": 2}]})")).status ==
      200);
  const Json running = job(id);
  CHECK(running.at("progress") == Json{{"percent", 60}, {"note", "half"}});
  CHECK(running.at("partial") == Json::parse(R"([{"part": 1}, {"part": 2}])"));

  const Json event{{"type", "picture.rendered"}, {"cell", "9q8yyk9"}, {"data", {{"page", 7}}}};
  const Answer done =
      tell(work, "complete", {{"result", {{"url", "x"}}}, {"events", Json::array({event})}});
  CHECK(done.status == 200);
  CHECK(done.body == Json{{"id", id}, {"state", "completed"}});
  CHECK(job(id).at("result") == Json{{"url", "x"}});
  CHECK(
      value_of("select type || ' ' || source || ' ' || cell || ' ' || subject from engine.event") ==
      "picture.rendered acme 9q8yyk9 " + id);
}

TEST_CASE_METHOD(WorkCase, "two claims never get the same job", "[integration][api]") {
  for (int n = 0; n < 6; ++n) accept();
  std::set<std::string> ids;
  std::size_t given = 0;
  for (int n = 0; n < 3; ++n) {
    const Json jobs = claim(2).body.at("jobs");
    for (const Json& one : jobs) {
      ids.insert(one.at("id").get<std::string>());
      ++given;
    }
  }
  CHECK(given == 6);
  CHECK(ids.size() == 6);
  CHECK(claim().body.at("jobs").empty());
}

TEST_CASE_METHOD(WorkCase, "of a kind run no more at once than its limit", "[integration][api]") {
  accept(kPrint);
  accept(kPrint);
  const Json first = claim(10, kPrint).body.at("jobs");
  REQUIRE(first.size() == 1);
  CHECK(claim(10, kPrint).body.at("jobs").empty());
  CHECK(tell(first.at(0), "complete", {{"result", nullptr}}).status == 200);
  CHECK(claim(10, kPrint).body.at("jobs").size() == 1);
}

TEST_CASE_METHOD(WorkCase,
                 "whoever lost its lease stores nothing, whatever it sends",
                 "[integration][api]") {
  const std::string id = accept();
  const Json lost = claimed();
  let_lease_end(lost);
  const Json second = claimed();
  REQUIRE(second.at("id") == id);
  CHECK(second.at("attempt") == 2);
  CHECK(second.at("lease") != lost.at("lease"));

  const Json result{{"result", {{"url", "late"}}}};
  const std::map<std::string, Json> calls{{"complete", result},
                                          {"progress", Json{{"percent", 99}}},
                                          {"extend", Json::object()},
                                          {"fail", Json{{"reason", "late"}}},
                                          {"give_back", Json::object()}};
  for (const auto& [verb, body] : calls) {
    const Answer refused = tell(lost, verb, body);
    CHECK(refused.status == 409);
    CHECK(refused.body.at("type") == "urn:earshot:problem:lease-lost");
  }
  const Json after = job(id);
  CHECK(after.at("state") == "running");
  CHECK(after.at("progress") == nullptr);
  CHECK(value_of("select count(*) from engine.failure") == "1");  // The lease that ended.
  CHECK(tell(second, "complete", {{"result", {{"url", "mine"}}}}).status == 200);
  CHECK(job(id).at("result").at("url") == "mine");
}

TEST_CASE_METHOD(WorkCase, "a lease opens its own job only", "[integration][api]") {
  accept();
  accept();
  Json first = claimed();
  const Json second = claimed();
  first["id"] = second.at("id");
  CHECK(tell(first, "complete", {{"result", {{"url", "x"}}}}).status == 409);
  first["lease"] = "bm9uc2Vuc2U";
  CHECK(tell(first, "extend").status == 409);
  first["lease"] = 7;
  CHECK(tell(first, "extend").status == 400);
  CHECK(job(second.at("id")).at("state") == "running");
}

TEST_CASE_METHOD(WorkCase, "a run outlives a restart of the API", "[integration][api]") {
  const std::string id = accept();
  const Json work = claimed();
  stop();
  start();
  CHECK(tell(work, "extend").status == 200);
  CHECK(tell(work, "complete", {{"result", {{"url", "x"}}}}).status == 200);
  CHECK(job(id).at("state") == "completed");
}

TEST_CASE_METHOD(WorkCase, "work is for tokens with the role worker", "[integration][api]") {
  accept();
  const Json work = claimed();
  const std::string path = "/v1/work/" + work.at("id").get<std::string>() + "/";
  const std::string body = Json{{"lease", work.at("lease")}}.dump();
  for (const std::string& other : {guest(), token({}), token({.is_operator = true})}) {
    CHECK(post("/v1/work/claim", Json{{"kinds", {kRender}}}.dump(), other).status == 403);
    for (const char* verb : {"progress", "extend", "complete", "fail", "give_back"}) {
      CHECK(post(path + verb, body, other).status == 403);
    }
  }
  CHECK(post(path + "extend", body, "").status == 401);
  CHECK(tell(work, "extend").status == 200);
}

TEST_CASE_METHOD(WorkCase, "a claim that asks for nonsense is told where", "[integration][api]") {
  const auto pointer = [&](const Json& asked) {
    const Answer refused = post("/v1/work/claim", asked.dump(), worker);
    CHECK(refused.status == 400);
    return refused.body.at("errors").at(0).at("pointer").get<std::string>();
  };
  CHECK(pointer({{"kinds", {kRender, "acme.sing"}}}) == "/kinds/1");
  CHECK(pointer({{"kinds", Json::array()}}) == "/kinds");
  CHECK(pointer({{"limit", 1}}) == "/kinds");
  CHECK(pointer({{"kinds", {kRender}}, {"limit", 101}}) == "/limit");
  CHECK(pointer({{"kinds", {kRender}}, {"wait", 26}}) == "/wait");
  CHECK(pointer({{"kinds", {kRender}}, {"colour", "red"}}) == "/colour");
  CHECK(pointer({{"kinds", {"echo.say"}}}) == "/kinds/0");  // Carried out by the service itself.
}
