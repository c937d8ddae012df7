#include "engine/bridge/status_queue.hpp"

#include "base/json.hpp"
#include "engine/bridge/status_message.hpp"

#include <catch2/catch.hpp>

using engine::bridge::StatusQueue;
using engine::jobs::JobStatus;

namespace {

JobStatus status(std::int64_t id, std::size_t result_bytes = 0) {
  JobStatus one{.id = wire::JobId{id}, .kind = "test.act", .caller = "local-61"};
  one.state = engine::jobs::JobState::kCompleted;
  one.result = "\"" + std::string(result_bytes, 'x') + "\"";
  return one;
}

std::vector<std::int64_t> left_in(StatusQueue& queue) {
  std::vector<std::int64_t> ids;
  while (const auto one = queue.take()) ids.push_back(one->id.value());
  return ids;
}

}  // namespace

TEST_CASE("a full status queue drops the oldest, and says how many", "[unit][bridge]") {
  StatusQueue queue{/*jobs_max=*/3, /*bytes_max=*/1'000};
  CHECK(queue.add({status(1), status(2)}) == 0);
  CHECK(queue.add({status(3), status(4), status(5)}) == 2);
  CHECK(left_in(queue) == std::vector<std::int64_t>{3, 4, 5});
  CHECK(queue.empty());
}

TEST_CASE("a status queue is bounded in bytes as well", "[unit][bridge]") {
  StatusQueue queue{/*jobs_max=*/100, /*bytes_max=*/100};
  CHECK(queue.add({status(1, 40), status(2, 40)}) == 0);
  CHECK(queue.add({status(3, 40)}) == 1);
  CHECK(left_in(queue) == std::vector<std::int64_t>{2, 3});
  SECTION("one that alone is larger than the bound is dropped, and others fit again") {
    CHECK(queue.add({status(4, 200)}) == 1);
    CHECK(queue.add({status(5, 40), status(6, 40)}) == 0);
    CHECK(left_in(queue) == std::vector<std::int64_t>{5, 6});
  }
}

TEST_CASE("what is older than what was said of a job is not said any more", "[unit][bridge]") {
  StatusQueue queue{/*jobs_max=*/2, /*bytes_max=*/1'000};
  const auto version = [](std::int64_t id, std::int64_t number) {
    JobStatus one = status(id);
    one.version = number;
    return one;
  };
  CHECK(queue.add({version(1, 3), version(1, 2), version(2, 1)}) == 0);
  CHECK(left_in(queue) == std::vector<std::int64_t>{1, 2});
  CHECK(queue.add({version(1, 2), version(1, 3), version(1, 4)}) == 0);
  CHECK(left_in(queue) == std::vector<std::int64_t>{1, 1});
  SECTION("until so many others were told of that it is forgotten") {
    CHECK(queue.add({version(3, 1)}) == 0);
    CHECK(queue.add({version(1, 2)}) == 0);
    CHECK(left_in(queue) == std::vector<std::int64_t>{3, 1});
  }
}

TEST_CASE("a job is announced on its caller's topic as its resource shows it", "[unit][bridge]") {
  const auto message = engine::bridge::status_message(status(7, 10));
  CHECK(message.topic == "earshot/v1/users/local-61/jobs/" + wire::JobId{7}.text());
  const auto said = base::Json::parse(message.payload);
  CHECK(said.at("result") == "xxxxxxxxxx");
  CHECK(said.at("state") == "completed");
  CHECK_FALSE(said.contains("truncated"));
}

TEST_CASE("a job above 32 KiB is announced without its result, and says so", "[unit][bridge]") {
  const auto large = engine::bridge::status_message(status(7, 40'000));
  CHECK(large.payload.size() <= engine::bridge::kStatusBytesMax);
  const auto said = base::Json::parse(large.payload);
  CHECK(said.at("truncated") == true);
  CHECK(said.at("state") == "completed");
  CHECK_FALSE(said.contains("result"));
  CHECK_FALSE(said.contains("partial"));
}
