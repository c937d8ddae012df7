#include "engine/bridge/heads.hpp"

#include <catch2/catch.hpp>

#include <string>

using engine::bridge::HeadOptions;
using engine::bridge::Heads;
using namespace std::chrono_literals;

namespace {

geo::Cell cell(std::string_view text) {
  return geo::parse_cell(text).value();
}

class HeadsFixture {
 public:
  explicit HeadsFixture(std::size_t areas_max = 100) : heads{HeadOptions{}, areas_max} {}

  void note(std::string_view where, std::int64_t offset) { heads.note(cell(where), offset, now); }
  /// "9q8yy 7 k:7 m:3", one per line, of all that are due.
  std::string say() {
    std::string said;
    while (const auto one = heads.next_to_say(now)) {
      if (!said.empty()) said += '\n';
      said += one->area.text() + ' ' + std::to_string(one->head.offset);
      for (const auto& [letter, offset] : one->head.cells) {
        said += std::string{' '} + letter + ':' + std::to_string(offset);
      }
    }
    return said;
  }

  Heads::Time now{1h};
  Heads heads;
};

class FewHeads : public HeadsFixture {
 public:
  FewHeads() : HeadsFixture{/*areas_max=*/8} {}
};

}  // namespace

TEST_CASE_METHOD(HeadsFixture,
                 "a head has the newest offset of its area and of each part",
                 "[unit][bridge]") {
  note("9q8yyk9", 3);
  note("9q8yym0", 7);
  note("9q8yyk8", 5);
  note("u33dc00", 6);
  CHECK(say() == "9q8yy 7 k:5 m:7\nu33dc 6 0:6");
  CHECK(say().empty());
}

TEST_CASE_METHOD(HeadsFixture,
                 "a head is said once in its period, and the last always",
                 "[unit][bridge]") {
  note("9q8yyk9", 1);
  CHECK(say() == "9q8yy 1 k:1");
  note("9q8yyk9", 2);
  now += 999ms;
  note("9q8yyk9", 3);
  CHECK(say().empty());
  CHECK(heads.next_due() == now + 1ms);
  now += 1ms;
  CHECK(say() == "9q8yy 3 k:3");
  now += 1h;
  CHECK(say().empty());
  note("9q8yyk9", 4);
  CHECK(say() == "9q8yy 4 k:4");
}

TEST_CASE_METHOD(HeadsFixture,
                 "all are said again one after the other, and news comes between",
                 "[unit][bridge]") {
  heads.remember(cell("9q8yyk9"), 1);
  heads.remember(cell("9q8yzk9"), 2);
  heads.remember(cell("u33dc00"), 3);
  CHECK(say().empty());
  heads.repeat_all(now);
  CHECK(say() == "9q8yy 1 k:1");
  note("u33dc00", 9);
  CHECK(say() == "u33dc 9 0:9");
  now += 2ms;
  CHECK(say() == "9q8yz 2 k:2");

  // What was said a moment ago waits for its second.
  heads.repeat_all(now);
  now += 100ms;
  CHECK(say().empty());
  now += 900ms;
  CHECK(say() == "9q8yy 1 k:1\nu33dc 9 0:9\n9q8yz 2 k:2");
}

TEST_CASE_METHOD(FewHeads,
                 "all are repeated when each has been said, or was forgotten",
                 "[unit][bridge]") {
  const std::string letters = "01234567";
  for (const char letter : letters) heads.remember(cell(std::string{"9q8y"} + letter + "k9"), 1);
  CHECK(heads.is_repeated());
  heads.repeat_all(now);
  CHECK_FALSE(heads.is_repeated());
  now += 10ms;
  CHECK_FALSE(say().empty());
  CHECK_FALSE(heads.is_repeated());
  note("9q8y8k9", 2);  // Makes room for itself.
  now += 1h;
  CHECK_FALSE(say().empty());
  CHECK(heads.is_repeated());
}

TEST_CASE_METHOD(HeadsFixture, "what was not accepted is said again", "[unit][bridge]") {
  note("9q8yyk9", 1);
  CHECK(say() == "9q8yy 1 k:1");
  heads.say_again(cell("9q8yy"), now + 5s);
  now += 4s;
  CHECK(say().empty());
  now += 1s;
  CHECK(say() == "9q8yy 1 k:1");
  heads.say_again(cell("u33dc"), now);  // Forgotten meanwhile.
  CHECK(say().empty());
}

TEST_CASE_METHOD(FewHeads,
                 "beyond the limit the longest silent are forgotten, and come back too new",
                 "[unit][bridge]") {
  const std::string letters = "0123456789";
  std::int64_t offset = 0;
  for (const char letter : letters) {
    note(std::string{"9q8y"} + letter + "k9", ++offset);
    CHECK_FALSE(say().empty());
    CHECK(heads.size() <= 8);
  }
  // One of those that were forgotten: every part may have changed up to what is forgotten.
  note("9q8y0k9", 100);
  const std::string said = say();
  CHECK(said.starts_with("9q8y0 100 0:"));
  CHECK(said.find(" k:100") != std::string::npos);
  const auto at = said.find(" z:");
  REQUIRE(at != std::string::npos);
  CHECK(std::stoi(said.substr(at + 3)) >= 1);
  // One that was kept is exact.
  note("9q8y7m0", 101);
  now += 1s;
  CHECK(say() == "9q8y7 101 k:8 m:101");
}

TEST_CASE_METHOD(FewHeads, "what was not said yet is not forgotten", "[unit][bridge]") {
  const std::string letters = "0123456789bc";
  std::int64_t offset = 0;
  for (const char letter : letters) note(std::string{"9q8y"} + letter + "k9", ++offset);
  CHECK(heads.size() == 12);
  CHECK(say().starts_with("9q8y0 1 k:1\n"));
  note("9q8ydk9", 13);
  CHECK(heads.size() <= 11);
}
