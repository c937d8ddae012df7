#include "engine/jobs/run_lease.hpp"
#include "geo/cell.hpp"
#include "work_case.hpp"

using api_test::Answer;
using api_test::WorkCase;
using base::Json;

namespace {

const Json kResult{{"result", {{"url", "x"}}}};

std::string first_pointer(const Answer& refused) {
  return refused.body.at("errors").at(0).at("pointer");
}

}  // namespace

TEST_CASE_METHOD(WorkCase, "completing again says so again, once", "[integration][api]") {
  const std::string id = accept();
  const Json work = claimed();
  const Answer first = tell(work, "complete", kResult);
  const Json ended = job(id);
  const Answer again = tell(work, "complete", kResult);
  CHECK(again.status == 200);
  CHECK(again.body == first.body);
  CHECK(job(id) == ended);
  CHECK(tell(work, "complete", {{"result", {{"url", "another"}}}}).status == 409);
  CHECK(tell(work, "progress", {{"percent", 1}}).status == 409);
  CHECK(job(id) == ended);
}

TEST_CASE_METHOD(WorkCase, "a worker hears that its job is cancelled", "[integration][api]") {
  const std::string id = accept();
  const Json work = claimed();
  CHECK(tell(work, "extend").body.at("cancel_requested") == false);
  CHECK(remove("/v1/jobs/" + id, worker).status == 202);
  CHECK(tell(work, "progress", {{"percent", 10}}).body.at("cancel_requested") == true);
  CHECK(tell(work, "extend").body.at("cancel_requested") == true);
  const Answer left = tell(work, "give_back");
  CHECK(left.status == 200);
  CHECK(left.body.at("state") == "cancelled");
  CHECK(job(id).at("state") == "cancelled");
}

TEST_CASE_METHOD(WorkCase,
                 "a cancelled job whose attempt fails is cancelled",
                 "[integration][api]") {
  const std::string id = accept();
  const Json work = claimed();
  REQUIRE(remove("/v1/jobs/" + id, worker).status == 202);
  CHECK(tell(work, "fail", {{"reason", "told to"}}).body.at("state") == "cancelled");
}

TEST_CASE_METHOD(WorkCase, "what is given back counts no attempt", "[integration][api]") {
  const std::string id = accept();
  const Answer back = tell(claimed(), "give_back");
  CHECK(back.body == Json{{"id", id}, {"state", "available"}});
  CHECK(claimed().at("attempt") == 1);
}

TEST_CASE_METHOD(WorkCase,
                 "failed attempts are tried again, and then no more",
                 "[integration][api]") {
  const std::string id = accept();
  for (int attempt = 1; attempt <= 3; ++attempt) {
    const Json work = claimed();
    CHECK(work.at("attempt") == attempt);
    const Answer failed = tell(work, "fail", {{"reason", "no paper"}});
    CHECK(failed.status == 200);
    // Without a pause it may be waiting for a worker again already.
    CHECK((failed.body.at("state") == "discarded") == (attempt == 3));
  }
  const Json problem = job(id).at("problem");
  CHECK(problem.at("type") == "urn:earshot:problem:attempt-failed");
  CHECK(problem.at("detail") == "no paper");
}

TEST_CASE_METHOD(WorkCase,
                 "beyond its time limit no lease is renewed, and the attempt has failed",
                 "[integration][api]") {
  const std::string id = accept();
  Json work = claimed();
  auto lease = engine::jobs::parse_run_lease(work.at("lease").get<std::string>());
  REQUIRE(lease);
  lease->ends_at = clock.wall();
  work["lease"] = engine::jobs::text_of(*lease);
  const Answer late = tell(work, "extend");
  CHECK(late.status == 409);
  CHECK(late.body.at("type") == "urn:earshot:problem:lease-lost");
  const Json again = claimed();
  CHECK(again.at("id") == id);
  CHECK(again.at("attempt") == 2);
}

TEST_CASE_METHOD(WorkCase, "a failure may be final, and say why", "[integration][api]") {
  const std::string id = accept();
  const Json problem{
      {"type", "no-such-page"}, {"title", "No page"}, {"detail", "7"}, {"status", 404}};
  CHECK(tell(claimed(), "fail", {{"problem", problem}, {"retry", false}}).body.at("state") ==
        "discarded");
  CHECK(job(id).at("problem").at("type") == "urn:earshot:problem:no-such-page");
  CHECK(job(id).at("problem").at("status") == 404);
}

TEST_CASE_METHOD(WorkCase, "a worker says when to try again", "[integration][api]") {
  accept();
  CHECK(tell(claimed(), "fail", {{"reason", "later"}, {"retry_in_s", 3'600}}).status == 200);
  CHECK(value_of("select run_at > now() + interval '50 min' from engine.deferred") == "t");
}

TEST_CASE_METHOD(WorkCase,
                 "a failure that is not well-formed keeps the lease",
                 "[integration][api]") {
  accept();
  const Json work = claimed();
  CHECK(tell(work, "fail").status == 400);
  CHECK(first_pointer(tell(work, "fail", {{"reason", "x"}, {"retry", "yes"}})) == "/retry");
  CHECK(first_pointer(tell(work, "fail", {{"problem", {{"title", "x"}}}})) == "/problem/detail");
  CHECK(first_pointer(tell(work, "fail", {{"problem", {{"detail", "x"}, {"type", "A b"}}}})) ==
        "/problem/type");
  CHECK(tell(work, "complete", kResult).status == 200);
}

TEST_CASE_METHOD(WorkCase, "arguments pass the schema of their kind", "[integration][api]") {
  const Json asked{{"kind", kRender}, {"args", {{"page", 0}, {"colour", "red"}}}};
  const Answer refused = post("/v1/jobs", asked.dump(), worker);
  CHECK(refused.status == 400);
  std::string pointers;
  for (const Json& error : refused.body.at("errors")) {
    pointers += error.at("pointer").get<std::string>() + " ";
  }
  CHECK_THAT(pointers, Catch::Contains("/args/page "));
  CHECK(post("/v1/jobs", Json{{"kind", kRender}, {"args", {1}}}.dump(), worker).status == 400);
  CHECK(value_of("select count(*) from engine.job") == "0");
}

TEST_CASE_METHOD(WorkCase,
                 "a result that its kind does not allow is refused, and the lease kept",
                 "[integration][api]") {
  const std::string id = accept();
  const Json work = claimed();
  const Answer wrong = tell(work, "complete", {{"result", {{"url", 7}}}});
  CHECK(wrong.status == 422);
  CHECK(wrong.body.at("type") == "urn:earshot:problem:invalid-result");
  CHECK(first_pointer(wrong) == "/result/url");
  CHECK(tell(work, "complete", {{"result", {{"url", std::string(1'000, 'x')}}}}).status == 422);
  CHECK(first_pointer(tell(work, "complete")) == "/result");

  Json event{{"type", "picture.lost"}, {"cell", "9q8yyk9"}, {"data", Json::object()}};
  const auto with_event = [&] {
    Json body = kResult;
    body["events"] = Json::array({event});
    return tell(work, "complete", body);
  };
  CHECK(first_pointer(with_event()) == "/events/0/type");
  event["type"] = "picture.rendered";
  event["cell"] = "9q8";
  CHECK(first_pointer(with_event()) == "/events/0/cell");
  event.erase("cell");
  event["lat"] = 37.7793;
  CHECK(first_pointer(with_event()) == "/events/0/cell");
  event["lon"] = -122.4193;
  event["data"] = {{"text", std::string(33'000, 'x')}};
  CHECK(first_pointer(with_event()) == "/events/0/data");

  CHECK(job(id).at("state") == "running");
  CHECK(value_of("select count(*) from engine.event") == "0");
  event["data"] = {{"page", 1}};
  CHECK(with_event().status == 200);
  CHECK(value_of("select cell from engine.event") ==
        geo::cell_of({.lat = 37.7793, .lon = -122.4193}, 7).text());
}

TEST_CASE_METHOD(WorkCase, "partial results are bounded and never doubled", "[integration][api]") {
  const std::string id = accept();
  const Json work = claimed();
  const Json first{{"partial", {1, 2}}, {"first_place", 1}};
  CHECK(tell(work, "progress", first).status == 200);
  CHECK(tell(work, "progress", first).status == 200);  // Its reply was lost.
  CHECK(job(id).at("partial") == Json{1, 2});
  CHECK(first_pointer(tell(work, "progress", {{"partial", {9}}, {"first_place", 4}})) ==
        "/first_place");
  Json many = Json::array();
  for (int n = 0; n < 999; ++n) many.push_back(n);
  CHECK(first_pointer(tell(work, "progress", {{"partial", many}})) == "/partial");
  const std::string large(200'000, 'x');
  CHECK(tell(work, "progress", {{"partial", {large}}}).status == 200);
  CHECK(first_pointer(tell(work, "progress", {{"partial", {large}}})) == "/partial");
  CHECK(job(id).at("partial").size() == 3);
}
