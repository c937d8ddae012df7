#include "api_case.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using api_test::a_question;
using api_test::Answer;
using api_test::ApiCase;

namespace {

struct BadBody {
  std::string what;
  std::string body;
  int status;
  std::string pointer;  // Empty: the fault is not in one field.
};

base::Json with(const std::string& field, const base::Json& value) {
  base::Json question = a_question();
  question[field] = value;
  return question;
}

base::Json without(const std::string& field) {
  base::Json question = a_question();
  question.erase(field);
  return question;
}

std::string raw(const std::string& field, const std::string& value) {
  base::Json question = a_question();
  question[field] = "@";
  std::string text = question.dump();
  return text.replace(text.find("\"@\""), 3, value);
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

std::vector<BadBody> bad_bodies() {
  return {
      {"nothing", "", 400, ""},
      {"no JSON", "{", 400, ""},
      {"an array", "[]", 400, ""},
      {"a trailing word", a_question().dump() + " x", 400, ""},
      {"no text", without("text").dump(), 400, "/text"},
      {"empty text", with("text", "").dump(), 400, "/text"},
      {"only spaces", with("text", "   ").dump(), 400, "/text"},
      {"a number as text", with("text", 5).dump(), 400, "/text"},
      {"281 code points", with("text", repeated("ä", 281)).dump(), 400, "/text"},
      {"NUL", raw("text", R"("a\u0000b")"), 400, ""},
      {"half a surrogate pair", raw("text", R"("\ud800")"), 400, ""},
      {"no UTF-8", raw("text", "\"\xff\""), 400, ""},
      {"a direction override", with("text", "a\u202eb").dump(), 400, "/text"},
      {"an unknown kind", with("kind", "polls").dump(), 400, "/kind"},
      {"text as lat", with("lat", "37").dump(), 400, "/lat"},
      {"lat 91", with("lat", 91).dump(), 400, "/lat"},
      {"lon -180.5", with("lon", -180.5).dump(), 400, "/lon"},
      {"1e400", raw("lat", "1e400"), 400, ""},
      {"NaN", raw("lat", "NaN"), 400, ""},
      {"no lon", without("lon").dump(), 400, "/lon"},
      {"an unknown field", with("colour", "red").dump(), 400, "/colour"},
      {"a field given twice", R"({"text":"a","text":"b","kind":"stars","lat":1,"lon":1})", 400, ""},
      {"10,000 levels", repeated("[", 10'000) + repeated("]", 10'000), 400, ""},
      {"a short life", with("expires_in_s", 1).dump(), 400, "/expires_in_s"},
      {"half a second", with("expires_in_s", 60.5).dump(), 400, "/expires_in_s"},
      {"more than 64 KiB", with("text", repeated("x", 70'000)).dump(), 413, ""},
  };
}

bool names(const base::Json& problem, const std::string& pointer) {
  if (!problem.contains("errors")) return false;
  const auto& errors = problem.at("errors");
  return std::any_of(errors.begin(), errors.end(), [&](const base::Json& error) {
    return error.at("pointer") == pointer;
  });
}

}  // namespace

TEST_CASE_METHOD(ApiCase,
                 "bad bodies are refused by name, and nothing is stored",
                 "[integration][api]") {
  const std::string token = guest();
  for (const BadBody& bad : bad_bodies()) {
    INFO(bad.what);
    const Answer answer = post("/v1/questions", bad.body, token);
    CHECK(answer.status == bad.status);
    CHECK(answer.header("Content-Type") == "application/problem+json");
    CHECK(answer.body.at("status") == bad.status);
    CHECK(answer.body.at("type").get<std::string>().starts_with("urn:earshot:problem:"));
    if (!bad.pointer.empty()) CHECK(names(answer.body, bad.pointer));
  }
  CHECK(value_of("select count(*) from engine.job") == "0");
}

TEST_CASE_METHOD(ApiCase,
                 "280 code points are a question, whatever their bytes",
                 "[integration][api]") {
  const std::string id = ask(with("text", repeated("ä", 279) + "🌍"), guest());
  CHECK(value_of("select char_length(text) from ask_around_me.question") == "280");
  CHECK_FALSE(id.empty());
}

TEST_CASE_METHOD(ApiCase,
                 "text comes back as it was sent, whatever it looks like",
                 "[integration][api]") {
  const std::string text = "'; drop table x; -- <script>\\ \" {a,b} NULL \t 100% ünï";
  const std::string token = guest();
  const std::string id = ask(with("text", text), token);
  CHECK(get("/v1/questions/" + id, token).body.at("text") == text);
}

TEST_CASE_METHOD(ApiCase, "all errors come at once", "[integration][api]") {
  const Answer answer =
      post("/v1/questions", R"({"text":"","kind":"x","lat":91,"colour":1})", guest());
  for (const char* pointer : {"/text", "/kind", "/lat", "/lon", "/colour"}) {
    INFO(pointer);
    CHECK(names(answer.body, pointer));
  }
}

TEST_CASE_METHOD(ApiCase, "without a good token nothing is read or stored", "[integration][api]") {
  const std::string good = guest();
  std::string forged = good;
  forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
  const std::vector<std::string> bad_tokens{
      "", "x", "a.b.c", forged, good + "A", std::string(5'000, 'a')};
  for (const std::string& token : bad_tokens) {
    INFO(token.substr(0, 20));
    const Answer posted = post("/v1/questions", a_question().dump(), token);
    CHECK(posted.status == 401);
    CHECK(posted.header("WWW-Authenticate") == "Bearer");
    CHECK(posted.header("Content-Type") == "application/problem+json");
    for (const char* path : {"/v1/questions?lat=1&lon=1&radius_m=10",
                             "/v1/jobs/06ypdp6800000",
                             "/v1/broker",
                             "/v1/cover?lat=1&lon=1&radius_m=10",
                             "/v1/questions/06ypdp6800000"}) {
      CHECK(get(path, token).status == 401);
    }
  }
  CHECK(value_of("select count(*) from engine.job") == "0");
}

TEST_CASE_METHOD(ApiCase, "an expired token is refused", "[integration][api]") {
  const engine::requests::TokenKeyring keys{folder.path() / "token-keys.json", clock, log};
  const auto now = clock.wall();
  const std::string expired = keys.mint({.sub = "guest-x",
                                         .issued_at = now - std::chrono::hours{2},
                                         .expires_at = now - std::chrono::hours{1}});
  CHECK(post("/v1/questions", a_question().dump(), expired).status == 401);
}

TEST_CASE_METHOD(ApiCase, "bad parameters are refused by name", "[integration][api]") {
  const std::string token = guest();
  const std::vector<std::pair<std::string, std::string>> bad{
      {"/v1/questions?lat=91&lon=0&radius_m=10", "/lat"},
      {"/v1/questions?lat=nan&lon=0&radius_m=10", "/lat"},
      {"/v1/questions?lat=0&lon=0&radius_m=0.5", "/radius_m"},
      {"/v1/questions?lat=0&lon=0&radius_m=50001", "/radius_m"},
      {"/v1/questions?lat=0&lon=0", "/radius_m"},
      {"/v1/questions?lat=0&lat=1&lon=0&radius_m=10", "/lat"},
      {"/v1/questions?lat=0&lon=0&radius_m=10&limit=101", "/limit"},
      {"/v1/questions?lat=0&lon=0&radius_m=10&cursor=abc", "/cursor"},
      {"/v1/questions?lat=0&lon=0&radius_m=10&colour=red", "/colour"},
      {"/v1/cover?lat=0&lon=0&radius_m=1e9", "/radius_m"},
  };
  for (const auto& [path, pointer] : bad) {
    INFO(path);
    const Answer answer = get(path, token);
    CHECK(answer.status == 400);
    CHECK(names(answer.body, pointer));
  }
}
