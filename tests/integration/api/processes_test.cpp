#include "api_case.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

using support::eventually;

namespace {

class AcceptingCase : public api_test::ApiCase {
 public:
  AcceptingCase() : ApiCase{{.api = true, .worker = false, .bridge = false}} {}
};

}  // namespace

TEST_CASE_METHOD(AcceptingCase,
                 "a process that only works is woken by one that only accepts",
                 "[integration][api][processes]") {
  const std::string token = guest();
  const auto first = another_process({.api = false, .worker = true, .bridge = false});
  const auto second = another_process({.api = false, .worker = true, .bridge = false});
  for (const auto* one : {&first, &second}) {
    REQUIRE(eventually([&] { return (*one)->heard()->is_healthy; }));
  }

  for (int i = 0; i < 3; ++i) {
    const auto answer = post("/v1/echo", R"({"text":"hello"})", token);
    REQUIRE(answer.status == 202);
    CHECK(final_job(answer.body.at("id"), token).at("state") == "completed");
  }

  // Both hear of them; how often depends on how many came together.
  CHECK(eventually([&] { return first->heard()->notices >= 1 && second->heard()->notices >= 1; }));
}
