#include "api_case.hpp"

#include <catch2/catch.hpp>

using api_test::a_question;
using api_test::Answer;
using api_test::ApiCase;

TEST_CASE_METHOD(ApiCase,
                 "somebody else's job is as absent as one that never was",
                 "[integration][api]") {
  const std::string id = ask(a_question(), guest());
  const Answer foreign = get("/v1/jobs/" + id, guest());
  const Answer absent = get("/v1/jobs/0000000000001", guest());
  CHECK(foreign.status == 404);
  CHECK(foreign.body == absent.body);
  CHECK(get("/v1/jobs/nonsense", guest()).status == 404);
}

TEST_CASE_METHOD(ApiCase, "a guest who comes back is the same guest", "[integration][api]") {
  const Answer first = post("/v1/guests", "", "");
  const Answer again = post("/v1/guests", "", first.body.at("token"));
  CHECK(again.status == 201);
  CHECK(again.body.at("sub") == first.body.at("sub"));
  CHECK(again.body.at("token") != first.body.at("token"));
  CHECK(post("/v1/guests", "", "").body.at("sub") != first.body.at("sub"));
  CHECK(post("/v1/guests", "", "nonsense").status == 401);
}

TEST_CASE_METHOD(ApiCase,
                 "the broker's address comes with a client id of one's own",
                 "[integration][api]") {
  const std::string token = guest();
  const base::Json first = get("/v1/broker", token).body;
  const base::Json second = get("/v1/broker", token).body;
  CHECK(first.at("urls")[0] == "ws://127.0.0.1:9001/mqtt");
  CHECK(first.at("password") == token);
  CHECK(first.at("client_id") != second.at("client_id"));
  const std::string caller = first.at("username");
  CHECK(caller.starts_with("own-guest-"));
  CHECK(first.at("client_id").get<std::string>().starts_with(caller + "."));
  CHECK(second.at("client_id").get<std::string>().starts_with(caller + "."));
}

TEST_CASE_METHOD(ApiCase, "liveness and readiness need no token", "[integration][api]") {
  CHECK(get("/livez", "").status == 200);
  const Answer ready = get("/readyz", "");
  CHECK(ready.status == 200);
  CHECK(ready.body.at("parts").at("database") == true);
}

namespace {

class WithoutWorker : public ApiCase {
 public:
  WithoutWorker() : ApiCase{{.api = true, .worker = false, .bridge = false}} {}
};

}  // namespace

TEST_CASE_METHOD(WithoutWorker,
                 "an api without workers accepts, and the job waits",
                 "[integration][api]") {
  const std::string token = guest();
  const Answer accepted = post("/v1/questions", a_question().dump(), token);
  REQUIRE(accepted.status == 202);
  const base::Json job = get(accepted.header("Location"), token).body;
  CHECK(job == accepted.body);
}
