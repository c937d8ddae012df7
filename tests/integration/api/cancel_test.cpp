#include "api_case.hpp"

#include <catch2/catch.hpp>

using api_test::a_question;
using api_test::Answer;
using api_test::ApiCase;

namespace {

/// Nobody carries anything out.
class NoWorkerCase : public ApiCase {
 public:
  NoWorkerCase() : ApiCase{{.api = true, .worker = false, .bridge = false}} {}
};

}  // namespace

TEST_CASE_METHOD(NoWorkerCase, "a caller can cancel a job of their own", "[integration][api]") {
  const std::string token = guest();
  const std::string id = post("/v1/questions", a_question().dump(), token).body.at("id");

  CHECK(remove("/v1/jobs/" + id, guest()).status == 404);
  const Answer cancelled = remove("/v1/jobs/" + id, token);
  CHECK(cancelled.status == 200);
  CHECK(cancelled.body.at("state") == "cancelled");
  CHECK(cancelled.body == get("/v1/jobs/" + id, token).body);
  CHECK(remove("/v1/jobs/" + id, token).status == 409);
}

TEST_CASE_METHOD(ApiCase,
                 "a job that has ended cannot be cancelled, nor one that never was",
                 "[integration][api]") {
  const std::string token = guest();
  const std::string id = ask(a_question(), token);
  const Answer late = remove("/v1/jobs/" + id, token);
  CHECK(late.status == 409);
  CHECK(late.body.at("type") == "urn:earshot:problem:job-has-ended");
  CHECK(get("/v1/jobs/" + id, token).body.at("state") == "completed");
  CHECK(remove("/v1/jobs/0000000000001", token).status == 404);
  CHECK(remove("/v1/jobs/nonsense", token).status == 404);
  CHECK(remove("/v1/jobs/" + id, "").status == 401);
}
