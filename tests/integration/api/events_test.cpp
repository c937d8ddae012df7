#include "api_case.hpp"
#include "pg/transaction.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <future>
#include <vector>

using api_test::a_question;
using api_test::Answer;
using api_test::ApiCase;
using support::eventually;
using namespace std::chrono_literals;

namespace {

class EventsCase : public ApiCase {
 public:
  EventsCase() : ApiCase{{.api = true, .worker = true, .bridge = false}, quick_looks()} {}

  static engine::ApiOptions quick_looks() {
    engine::ApiOptions options;
    options.waiters.look_every = 20ms;
    return options;
  }
  static std::string append_sql(const std::string& cell, int count) {
    const std::string n = std::to_string(count);
    const auto texts = [&](const std::string& text) {
      return "array_fill('" + text + "'::text, array[" + n + "])";
    };
    return "select engine.append_events(" + texts("echo") + "," + texts("note.said") + "," +
           texts("x") + "," + texts(cell) + "," + texts("{\"lat\":1}") + ")";
  }
  void append(const std::string& cell, int count = 1) { onlooker().query(append_sql(cell, count)); }
  std::string position() {
    return value_of("select engine.epoch() || ':' || engine.newest_offset()");
  }
  std::string position_at(int offset) {
    return value_of("select engine.epoch()") + ":" + std::to_string(offset);
  }
  Answer events(const std::string& query, const ApiCase::Headers& more = {}) {
    return get("/v1/events?" + query, token, more);
  }
  static std::vector<int> offsets_of(const Answer& page) {
    std::vector<int> offsets;
    for (const base::Json& event : page.body.at("events")) offsets.push_back(event.at("offset"));
    return offsets;
  }

  const std::string token{guest()};
};

}  // namespace

TEST_CASE_METHOD(EventsCase,
                 "without a position the answer is the one of now",
                 "[integration][api]") {
  CHECK(events("cells=9q8yy").body ==
        base::Json{{"events", base::Json::array()}, {"position", position_at(0)}, {"more", false}});
  append("9q8yyk9", 3);
  const Answer now = events("cells=9q8yy", {{"Prefer", "wait=25"}});
  CHECK(now.status == 200);
  CHECK(now.body.at("events").empty());
  CHECK(now.body.at("position") == position());
}

TEST_CASE_METHOD(EventsCase,
                 "the events of an area follow its snapshot in offset order",
                 "[integration][api]") {
  const Answer list = get("/v1/questions?lat=37.7793&lon=-122.4193&radius_m=500", token);
  const std::string id = ask(a_question(), token);
  append("u33dc00");
  const std::string after = "&after=" + list.body.at("position").get<std::string>();

  for (const std::string area :
       {"lat=37.7793&lon=-122.4193&radius_m=500", "cells=u33e,9q8yym8,9q8y"}) {
    const Answer page = events(area + after);
    REQUIRE(page.status == 200);
    REQUIRE(page.body.at("events").size() == 1);
    const base::Json& event = page.body.at("events")[0];
    CHECK(event.at("subject") == id);
    CHECK(event.at("specversion") == "1.0");
    CHECK(event.at("prev") == 0);
    CHECK(page.body.at("position") == position());
    CHECK(page.body.at("more") == false);
  }
  CHECK(offsets_of(events("cells=u33d,9q8yy" + after)) == std::vector{1, 2});
}

TEST_CASE_METHOD(EventsCase,
                 "a page ends at its limit and the next begins there",
                 "[integration][api]") {
  append("9q8yyk9", 5);
  append("u33dc00", 2);
  std::vector<int> seen;
  std::string after = position_at(0);
  bool more = true;
  while (more) {
    const Answer page = events("cells=9q8yy&limit=2&after=" + after);
    REQUIRE(page.status == 200);
    CHECK(page.body.at("events").size() <= 2);
    for (const int offset : offsets_of(page)) seen.push_back(offset);
    after = page.body.at("position");
    more = page.body.at("more");
  }
  CHECK(seen == std::vector{1, 2, 3, 4, 5});
  CHECK(after == position());
}

TEST_CASE_METHOD(EventsCase,
                 "a page may be empty and its position yet move on",
                 "[integration][api]") {
  append("u33dc00", 10'001);
  append("9q8yyk9");
  // It does not wait: there is more to be read at once.
  const Answer first = events("cells=9q8yy&after=" + position_at(0), {{"Prefer", "wait=25"}});
  CHECK(first.body.at("events").empty());
  CHECK(first.body.at("more") == true);
  CHECK(first.body.at("position") == position_at(10'000));
  const Answer second = events("cells=9q8yy&after=" + position_at(10'000));
  CHECK(offsets_of(second) == std::vector{10'002});
  CHECK(second.body.at("more") == false);
}

TEST_CASE_METHOD(EventsCase,
                 "a position that cannot be read on from is gone",
                 "[integration][api]") {
  append("9q8yyk9", 9);
  onlooker().query("update engine.log set floor = 4");
  const auto gone = [&](const std::string& after) {
    const Answer answer = events("cells=9q8yy&after=" + after, {{"Prefer", "wait=25"}});
    CHECK(answer.status == 410);
    CHECK(answer.body.at("type") == "urn:earshot:problem:position-expired");
    return answer.body.at("detail").get<std::string>();
  };
  CHECK_THAT(gone(position_at(3)), Catch::Contains("older than what is kept"));
  CHECK_THAT(gone("1-1:5"), Catch::Contains("another history"));
  CHECK_THAT(gone(position_at(10)), Catch::Contains("ahead of"));
  CHECK(events("cells=9q8yy&after=" + position_at(4)).status == 200);
}

TEST_CASE_METHOD(EventsCase,
                 "a reader who slept while its part of the log was dropped starts anew and goes on",
                 "[integration][api]") {
  append("9q8yyk9", 3);
  const std::string slept_at = position_at(1);
  append("u33dc00");
  onlooker().query("select engine.turn_event_slot(now() + interval '1 minute')");
  onlooker().query("select engine.keep_slot_topics(0, '', 100)");
  REQUIRE(value_of("select engine.drop_event_slot(0, 4)") == "t");
  append("9q8yyk9", 2);

  CHECK(events("cells=9q8yy&after=" + slept_at).status == 410);
  const Answer anew = events("cells=9q8yy");
  REQUIRE(anew.status == 200);
  append("9q8yyk9");
  CHECK(events("cells=9q8yy&after=" + anew.body.at("position").get<std::string>())
            .body.at("events")
            .size() == 1);

  // The end of what was dropped is still a position; to the next slot it is one step.
  const Answer page = events("cells=9q8yy&after=" + position_at(4));
  CHECK(page.status == 200);
  CHECK(page.body.at("events").empty());
  CHECK(page.body.at("position") == position_at(999'999'999));
  CHECK(page.body.at("more") == true);
  const Answer next = events("cells=9q8yy&after=" + position_at(999'999'999));
  REQUIRE(next.body.at("events").size() == 3);
  CHECK(next.body.at("events")[0].at("prev") == 3);
  CHECK(next.body.at("position") == position());
}

TEST_CASE_METHOD(EventsCase,
                 "a page that is read while its slot is dropped does not pass over it",
                 "[integration][api]") {
  append("9q8yyk9", 3);
  const std::string after = "&after=" + position_at(1);
  onlooker().query("select engine.turn_event_slot(now() + interval '1 minute')");
  onlooker().query("select engine.keep_slot_topics(0, '', 100)");
  append("9q8yyk9");
  // Its connection has everything prepared, so that only the page itself meets the lock.
  REQUIRE(events("cells=9q8yy" + after).status == 200);
  pg::Connection janitor{options()};
  pg::Transaction dropping{janitor};
  dropping.query("select engine.drop_event_slot(0, 3)");
  auto reading = std::async(std::launch::async, [&] { return events("cells=9q8yy" + after); });
  REQUIRE(eventually([&] {
    return value_of(
               "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and "
               "datname = current_database()") == "1";
  }));
  dropping.commit();
  const Answer page = reading.get();
  INFO(page.body);
  // On a machine that is very slow it has given up waiting for the lock: that is well, too.
  CHECK((page.status == 410 || page.status == 503));
}

TEST_CASE_METHOD(EventsCase, "a page is bounded in bytes, too", "[integration][api]") {
  onlooker().query(R"(
    select engine.append_events(array_fill('echo'::text, array[100]),
      array_fill('note.said'::text, array[100]), array_fill('x'::text, array[100]),
      array_fill('9q8yyk9'::text, array[100]),
      array_fill('{"text":"' || repeat('.', 30000) || '"}', array[100])))");
  std::vector<int> seen;
  std::string after = position_at(0);
  int pages = 0;
  for (bool more = true; more; ++pages) {
    const Answer page = events("cells=9q8yy&limit=200&after=" + after);
    REQUIRE(page.status == 200);
    CHECK(page.body.at("events").size() <= 34);
    for (const int offset : offsets_of(page)) seen.push_back(offset);
    after = page.body.at("position");
    more = page.body.at("more");
  }
  CHECK(pages == 3);
  CHECK(seen.size() == 100);
  CHECK(std::ranges::is_sorted(seen));
}

TEST_CASE_METHOD(EventsCase,
                 "what is wrong with a query is said of each field",
                 "[integration][api]") {
  std::string many = "9q8y";
  for (int i = 0; i < 32; ++i) many += ",9q8y";
  for (const std::string& cells : {std::string{},
                                   std::string{"9q8"},
                                   std::string{"9q8yyk9k"},
                                   std::string{"9q8yy,"},
                                   std::string{"9q8ya"},
                                   many}) {
    const Answer answer = events("cells=" + cells + "&after=7&limit=201&lat=1");
    INFO(cells << answer.body);
    CHECK(answer.status == 400);
    std::vector<std::string> pointers;
    for (const auto& error : answer.body.at("errors")) pointers.push_back(error.at("pointer"));
    std::ranges::sort(pointers);
    CHECK(pointers == std::vector<std::string>{"/after", "/cells", "/lat", "/limit"});
  }
  for (const std::string after :
       {"", ":1", "1-1:", "1-1:-1", "1-1:1x", "1-1:99999999999999999999"}) {
    CHECK(events("cells=9q8yy&after=" + after).status == 400);
  }
  CHECK(events("").body.at("errors").size() == 3);
  CHECK(get("/v1/events?cells=9q8yy", "").status == 401);
}

TEST_CASE_METHOD(EventsCase,
                 "near a pole the log serves what topics cannot",
                 "[integration][api]") {
  append("upbpbpb");
  const Answer page = events("lat=89.99&lon=0&radius_m=20000&after=" + position_at(0));
  CHECK(page.status == 200);
  CHECK(offsets_of(page) == std::vector{1});
}

TEST_CASE_METHOD(EventsCase, "who waits has the event when it comes", "[integration][api]") {
  const std::string path = "cells=9q8yy&after=" + position_at(0);
  auto waiting = std::async(std::launch::async, [&] {
    return events(path, {{"Prefer", "wait=25"}});
  });
  const std::string far = "cells=gcpv&after=" + position_at(0);
  auto elsewhere = std::async(std::launch::async, [&] {
    return events(far, {{"Prefer", "wait=1"}});
  });
  append("u33dc00");  // Nobody's.
  CHECK(waiting.wait_for(100ms) == std::future_status::timeout);
  append("9q8yyk9", 3);
  const Answer page = waiting.get();
  CHECK(page.status == 200);
  REQUIRE_FALSE(page.body.at("events").empty());
  CHECK(page.body.at("events")[0].at("offset") == 2);

  // Its time was over; its position has moved on all the same.
  const Answer none = elsewhere.get();
  CHECK(none.status == 200);
  CHECK(none.body.at("events").empty());
  CHECK(none.body.at("more") == false);
  CHECK(none.body.at("position") == position());
}

TEST_CASE_METHOD(EventsCase,
                 "a reader who waits while many write sees every event once",
                 "[integration][api]") {
  constexpr int kWriters = 4;
  constexpr int kEach = 60;
  std::vector<std::future<void>> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.push_back(std::async(std::launch::async, [&, w] {
      pg::Connection connection{options()};
      for (int i = 0; i < kEach; ++i) {
        connection.query(append_sql(w % 2 == 0 ? "9q8yyk9" : "9q8yz00", 1 + i % 3));
        if (w == 0) connection.query(append_sql("u33dc00", 1));
      }
    }));
  }
  constexpr std::size_t kAll = std::size_t{kWriters * kEach * 2};
  std::vector<int> seen;
  std::string after = position_at(0);
  int empty_pages = 0;
  while (seen.size() < kAll && empty_pages < 3) {
    const Answer page = events("cells=9q8yy,9q8yz&limit=7&after=" + after, {{"Prefer", "wait=10"}});
    REQUIRE(page.status == 200);
    for (const int offset : offsets_of(page)) seen.push_back(offset);
    if (page.body.at("events").empty() && page.body.at("more") == false) ++empty_pages;
    after = page.body.at("position");
  }
  for (auto& writer : writers) writer.get();
  std::vector<int> wanted;
  for (const pg::Row row : onlooker().query(
           "select event_offset from engine.event where cell like '9q8y%' order by event_offset")) {
    wanted.push_back(static_cast<int>(row.get<std::int64_t>(0)));
  }
  CHECK(wanted.size() == kAll);
  CHECK(seen == wanted);
}

TEST_CASE("a service that stops answers those who wait for events", "[integration][api]") {
  std::future<Answer> waiting;
  {
    EventsCase house;
    const std::string path = "cells=9q8yy&after=" + house.position_at(0);
    waiting = std::async(std::launch::async, [&house, path] {
      return house.events(path, {{"Prefer", "wait=25"}});
    });
    CHECK(waiting.wait_for(100ms) == std::future_status::timeout);
    house.stop();
    REQUIRE(waiting.wait_for(5s) == std::future_status::ready);
  }
  CHECK(waiting.get().body.at("events").empty());
}
