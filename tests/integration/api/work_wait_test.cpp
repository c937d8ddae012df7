#include "work_case.hpp"

#include <future>

using api_test::Answer;
using api_test::WorkCase;
using base::Json;
using namespace std::chrono_literals;

namespace {

class WaitingCase : public WorkCase {
 public:
  /// Waits for work until there is some, in a thread of its own.
  [[nodiscard]] std::future<Json> waiting_worker(const char* kind) {
    return std::async(std::launch::async, [this, kind] {
      Json jobs = Json::array();
      for (int n = 0; n < 10 && jobs.empty(); ++n) {
        jobs = claim(/*limit=*/1, kind, /*wait_s=*/4).body.at("jobs");
      }
      return jobs.empty() ? Json{} : jobs.at(0);
    });
  }
};

}  // namespace

TEST_CASE_METHOD(WaitingCase, "a worker that waits is given the next job", "[integration][api]") {
  auto waiting = waiting_worker(kRender);
  const std::string id = accept();
  const Json work = waiting.get();
  REQUIRE(work.is_object());
  CHECK(work.at("id") == id);
  CHECK(tell(work, "extend").status == 200);
}

TEST_CASE_METHOD(WaitingCase,
                 "a worker that waits hears of room for one more",
                 "[integration][api]") {
  accept(kPrint);
  const std::string second = accept(kPrint);
  const Json first = claimed(kPrint);
  auto waiting = waiting_worker(kPrint);
  CHECK(tell(first, "complete", {{"result", "done"}}).status == 200);
  const Json work = waiting.get();
  REQUIRE(work.is_object());
  CHECK(work.at("id") == second);
}

TEST_CASE_METHOD(WaitingCase,
                 "of two workers that wait each gets another job",
                 "[integration][api]") {
  auto one = waiting_worker(kRender);
  auto two = waiting_worker(kRender);
  accept();
  accept();
  const Json first = one.get();
  const Json second = two.get();
  REQUIRE(first.is_object());
  REQUIRE(second.is_object());
  CHECK(first.at("id") != second.at("id"));
}

TEST_CASE_METHOD(WaitingCase, "who waits in vain is told so", "[integration][api]") {
  const Answer reply = claim(/*limit=*/1, kRender, /*wait_s=*/1);
  CHECK(reply.status == 200);
  CHECK(reply.body.at("jobs").empty());
}

TEST_CASE("a service that stops lets workers go that wait for work", "[integration][api]") {
  constexpr auto kHasLooked =
      "select count(*) > 0 from pg_stat_activity where datname = current_database() "
      "and application_name = 'earshot-callers' and query like '%engine.claim_run%'";
  std::future<Answer> waiting;
  {
    WaitingCase house;
    waiting = std::async(std::launch::async, [&house] {
      return house.claim(/*limit=*/1, house.kRender, /*wait_s=*/25);
    });
    REQUIRE(support::eventually([&] { return house.value_of(kHasLooked) == "t"; }));
    house.stop();
    REQUIRE(waiting.wait_for(5s) == std::future_status::ready);
  }
  const Answer reply = waiting.get();
  CHECK(reply.status == 200);
  CHECK(reply.body.at("jobs").empty());
}
