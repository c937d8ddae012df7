#include "wire/json_text.hpp"

#include <catch2/catch.hpp>

using wire::parse_json;

namespace {

std::string nested(int depth) {
  const auto levels = static_cast<std::size_t>(depth);
  return std::string(levels, '[') + std::string(levels, ']');
}

/// "pointer: detail" of the one error, or "" when the text is accepted.
std::string fault_of(std::string_view text) {
  const auto json = parse_json(text);
  if (json) return "";
  CHECK(json.error().status == 400);
  CHECK(json.error().type == "malformed-json");
  CHECK(json.error().detail.find("json.exception") == std::string::npos);
  REQUIRE(json.error().errors.size() == 1);
  return json.error().errors[0].pointer + ": " + json.error().errors[0].detail;
}

}  // namespace

TEST_CASE("JSON of every kind is read as it was written", "[unit][json]") {
  const std::string text =
      R"({"b":[1,-2,2.5,1e3,true,false,null,[],{}],"a":{"é\u00e9🙂":"\ud83d\ude42\n"},"":0})";
  const auto json = parse_json(text);
  REQUIRE(json);
  CHECK(base::to_text(*json) ==
        R"({"b":[1,-2,2.5,1000.0,true,false,null,[],{}],"a":{"éé🙂":"🙂\n"},"":0})");
  CHECK(*parse_json(" 18446744073709551615\n") == 18446744073709551615U);
  CHECK(*parse_json("\"text\"") == "text");
}

TEST_CASE("malformed JSON is refused, and the place is named", "[unit][json]") {
  CHECK(fault_of("") == ": ends too early");
  CHECK(fault_of("{\"lat\":") == "/lat: ends too early");
  CHECK(fault_of("{\"a\":1,\n \"b\":x}") == "/b: is not valid JSON at line 2, column 6");
  CHECK(fault_of("[1,2,]") == "/2: is not valid JSON at line 1, column 6");
  CHECK(fault_of("{} {}") == ": is not valid JSON at line 1, column 4");
  for (const char* text :
       {"{'a':1}", "{a:1}",    "{\"a\":1,}", "{\"a\" 1}", "[1 2]", "01",  "+1",  ".5",
        "1.",      "0x1",      "NaN",        "Infinity",  "-",     "tru", "nul", "\"",
        "\"\\x\"", "\"a\nb\"", "// note\n1", "[1]x",      "1 1",   "]",   "}",   "{]"}) {
    CAPTURE(text);
    CHECK(fault_of(text) != "");
  }
}

TEST_CASE("strings that databases or browsers cannot hold are refused", "[unit][json]") {
  CHECK(fault_of(R"({"text":"a\u0000b"})") == "/text: must not contain the character NUL");
  CHECK(fault_of(R"({"a":{"b\u0000":1}})") == "/a: has a key that contains the character NUL");
  CHECK(fault_of(std::string("{\"a\":1}\0{", 9)) ==
        ": contains the character NUL at line 1, column 8");
  CHECK(fault_of(std::string("\"a\0b\"", 5)) != "");
  for (const char* text : {R"({"text":"\ud800"})",
                           R"({"text":"\udc00x"})",
                           R"({"text":"\ud800\u0041"})",
                           "{\"text\":\"\xED\xA0\x80\"}",
                           "{\"text\":\"\xC0\xAF\"}",
                           "{\"text\":\"\xFF\"}"}) {
    CAPTURE(text);
    CHECK_THAT(fault_of(text), Catch::StartsWith("/text: is not valid JSON at line 1, column"));
    CHECK_THAT(fault_of(text), Catch::Contains("half a surrogate pair"));
  }
}

TEST_CASE("a number beyond every double is refused", "[unit][json]") {
  CHECK(fault_of(R"({"a":[0,{"lat":1e400}]})") ==
        "/a/1/lat: is a number too large to be represented");
  CHECK(fault_of("-1e400") == ": is a number too large to be represented");
  CHECK(fault_of("1e308") == "");
}

TEST_CASE("a key given twice is refused by name", "[unit][json]") {
  CHECK(fault_of(R"({"sub":"a","x":1,"sub":"admin"})") == "/sub: is given more than once");
  CHECK(fault_of(R"({"a":{"b/c":1,"b\u002fc":2}})") == "/a/b~1c: is given more than once");
  CHECK(fault_of(R"([{"a":1},{"a":1}])") == "");
}

TEST_CASE("JSON deeper than the limit is refused without reading on", "[unit][json]") {
  CHECK(fault_of(nested(32)) == "");
  CHECK_THAT(fault_of(nested(33)), Catch::EndsWith(": is nested deeper than 32 levels"));
  // What follows the 33rd bracket is nonsense, which is never seen.
  CHECK_THAT(fault_of(nested(33).substr(0, 33) + "nonsense"),
             Catch::EndsWith(": is nested deeper than 32 levels"));
  CHECK_THAT(fault_of(nested(10'000)), Catch::EndsWith("deeper than 32 levels"));
  std::string objects;
  for (int depth = 0; depth < 10'000; ++depth) objects += R"({"a":)";
  CHECK_THAT(fault_of(objects), Catch::EndsWith("deeper than 32 levels"));
  CHECK(parse_json("[[]]", {.depth_max = 2}));
  CHECK_FALSE(parse_json("[[[]]]", {.depth_max = 2}));
}

TEST_CASE("an object of very many keys costs no more than its share", "[unit][json]") {
  std::string text = "{";
  for (int key = 0; key < 200'000; ++key) text += '"' + std::to_string(key) + "\":0,";
  text += "\"7\":0}";
  CHECK(fault_of(text) == "/7: is given more than once");
}

TEST_CASE("an integer is a number without fraction or exponent that fits", "[unit][json]") {
  CHECK(wire::integer_of(*parse_json("-7")) == -7);
  CHECK(wire::integer_of(*parse_json("9223372036854775807")) == 9223372036854775807);
  for (const char* text : {"3.0", "3e0", "9223372036854775808", "1e300", "\"3\"", "true", "null"}) {
    CAPTURE(text);
    CHECK_FALSE(wire::integer_of(*parse_json(text)));
  }
}
