#include "wire/fields.hpp"

#include "wire/json_text.hpp"

#include <catch2/catch.hpp>

using wire::Fields;
using wire::parse_json;

namespace {

struct Question {
  std::string text;
  std::string kind;
  double lat = 0;
  std::optional<std::int64_t> expires_in_s;
  std::string faults;  // "pointer detail" of each error, one a line.
};

Question read_question(std::string_view body) {
  Fields fields{parse_json(body).value()};
  Question question;
  question.text = fields.text("text", {.code_points_min = 1, .code_points_max = 280});
  question.kind = fields.choice("kind", {"stars", "places"});
  question.lat = fields.number("lat", -90, 90);
  question.expires_in_s = fields.optional_integer("expires_in_s", 60, 604800);
  if (const auto problem = std::move(fields).finish()) {
    CHECK(problem->status == 400);
    CHECK(problem->type == "invalid-body");
    for (const auto& error : problem->errors) {
      question.faults += error.pointer + ' ' + error.detail + '\n';
    }
  }
  return question;
}

std::string faults_of(std::string_view body) {
  return read_question(body).faults;
}

}  // namespace

TEST_CASE("the fields of a good body are read", "[unit][fields]") {
  const auto question =
      read_question(R"({"text":" Coffee? ","kind":"stars","lat":37,"expires_in_s":60})");
  CHECK(question.faults == "");
  CHECK(question.text == "Coffee?");
  CHECK(question.kind == "stars");
  CHECK(question.lat == 37.0);
  CHECK(question.expires_in_s == 60);
}

TEST_CASE("an optional field may be absent or null", "[unit][fields]") {
  CHECK(read_question(R"({"text":"a","kind":"stars","lat":0})").faults == "");
  CHECK(read_question(R"({"text":"a","kind":"stars","lat":0,"expires_in_s":null})").faults == "");
  CHECK_FALSE(read_question(R"({"text":"a","kind":"stars","lat":0})").expires_in_s);
}

TEST_CASE("each bad field is named with what is expected there", "[unit][fields]") {
  const auto with = [](std::string_view name, std::string_view value) {
    base::Json body{{"text", "a"}, {"kind", "stars"}, {"lat", 0}};
    body[std::string{name}] = parse_json(value).value();
    return faults_of(base::to_text(body));
  };
  const std::string lat = "/lat must be a number from -90 to 90\n";
  for (const char* value : {"91", "-90.0001", "1e308", "\"12\"", "true", "[]", "{}", "[1]"}) {
    CAPTURE(value);
    CHECK(with("lat", value) == lat);
  }
  const std::string kind = "/kind must be one of \"stars\", \"places\"\n";
  for (const char* value : {"\"Stars\"", "\"\"", "\"stars \"", "1", "[\"stars\"]"}) {
    CAPTURE(value);
    CHECK(with("kind", value) == kind);
  }
  const std::string expires = "/expires_in_s must be a whole number from 60 to 604800\n";
  for (const char* value : {"59",
                            "604801",
                            "60.0",
                            "1e2",
                            "\"60\"",
                            "false",
                            "18446744073709551615",
                            "99999999999999999999"}) {
    CAPTURE(value);
    CHECK(with("expires_in_s", value) == expires);
  }
  CHECK(with("text", "5") == "/text must be text of 1 to 280 characters\n");
  CHECK(with("text", "\"\"") == "/text must be 1 to 280 characters long, not 0\n");
  CHECK(with("text", "\"  \"") == "/text must be 1 to 280 characters long, not 0\n");
  CHECK(with("text", '"' + std::string(281, 'a') + '"') ==
        "/text must be 1 to 280 characters long, not 281\n");
  CHECK(with("text", R"("\u202Ea")") == "/text must not contain the invisible character U+202E\n");
}

TEST_CASE("missing and unknown fields are named, all at once", "[unit][fields]") {
  CHECK(faults_of(R"({"kind":null,"lat":200,"a/b":1,"Text":"x"})") ==
        "/text is missing: must be text of 1 to 280 characters\n"
        "/kind is missing: must be one of \"stars\", \"places\"\n"
        "/lat must be a number from -90 to 90\n"
        "/Text is not known here: leave it out\n"
        "/a~1b is not known here: leave it out\n");
}

TEST_CASE("after an error a getter gives something harmless", "[unit][fields]") {
  const auto question = read_question(R"({"text":7,"kind":"no","lat":1e99,"expires_in_s":"soon"})");
  CHECK(question.text == "");
  CHECK(question.kind == "stars");
  CHECK(question.lat == -90);
  CHECK(question.expires_in_s == 60);
}

TEST_CASE("a body that is no object has one error", "[unit][fields]") {
  for (const char* body : {"[]", "1", "\"text\"", "null", "true", "[{\"text\":\"a\"}]"}) {
    CAPTURE(body);
    CHECK(faults_of(body) == " must be a JSON object\n");
  }
}

TEST_CASE("the list of errors is bounded", "[unit][fields]") {
  std::string body = "{";
  for (int field = 0; field < 5000; ++field) body += "\"f" + std::to_string(field) + "\":0,";
  body.back() = '}';
  const auto json = wire::parse_json(body);
  const auto problem = Fields{*json}.finish();
  REQUIRE(problem);
  CHECK(problem->errors.size() == 20);
}
