#include "wire/envelope.hpp"

#include "base/json.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;

namespace {

wire::Event question_asked() {
  return {.source_app = "ask_around_me",
          .type = "question.asked",
          .subject = "0000000000001",
          .cell = geo::parse_cell("9q8yyk9").value(),
          .data = R"({"id":"0000000000001","lat":37.7790,"text":"Où?"})",
          .offset = 23,
          .prev = 19,
          .at = std::chrono::system_clock::time_point{1'700'000'000s + 127ms}};
}

}  // namespace

TEST_CASE("an envelope is these bytes, with the data as it is", "[unit][envelope]") {
  CHECK(wire::envelope(question_asked(), "e1") ==
        R"({"specversion":"1.0","id":"e1:23","source":"/earshot/ask_around_me",)"
        R"("type":"question.asked","time":"2023-11-14T22:13:20.127Z","subject":"0000000000001",)"
        R"("epoch":"e1","offset":23,"prev":19,"cell":"9q8yyk9",)"
        R"("data":{"id":"0000000000001","lat":37.7790,"text":"Où?"}})");
}

TEST_CASE("an envelope names the request that it came of, where there was one",
          "[unit][envelope]") {
  wire::Event event = question_asked();
  event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event.request_id = "abc-1";
  const std::string text = wire::envelope(event, "e1");
  CHECK(
      text.find(
          R"("cell":"9q8yyk9","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",)"
          R"("requestid":"abc-1","data":{)") != std::string::npos);
  event.traceparent.reset();
  CHECK(base::Json::parse(wire::envelope(event, "e1"))["requestid"] == "abc-1");
}

TEST_CASE("the first event of a topic says that nothing was before it", "[unit][envelope]") {
  wire::Event event = question_asked();
  event.prev = 0;
  event.offset = 9'000'000'000'000'000'000;
  const auto json = base::Json::parse(wire::envelope(event, "e1"));
  CHECK(json["prev"] == 0);
  CHECK(json["offset"] == 9'000'000'000'000'000'000);
  CHECK(json["id"] == "e1:9000000000000000000");
}

TEST_CASE("no text of an event can break out of its quotes", "[unit][envelope]") {
  const std::string evil = "\",\"offset\":1,\n\\x\x01é";
  wire::Event event = question_asked();
  event.subject = evil;
  event.type = evil;
  event.source_app = evil;
  const auto json = base::Json::parse(wire::envelope(event, evil));
  CHECK(json["subject"] == evil);
  CHECK(json["type"] == evil);
  CHECK(json["source"] == "/earshot/" + evil);
  CHECK(json["epoch"] == evil);
  CHECK(json["offset"] == 23);
}
