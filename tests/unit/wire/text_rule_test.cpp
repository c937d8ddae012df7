#include "wire/text_rule.hpp"

#include <catch2/catch.hpp>

using wire::checked_text;

namespace {

const wire::TextRule kRule{.code_points_min = 1, .code_points_max = 280, .trim = true};

std::string repeated(std::string_view part, int times) {
  std::string text;
  for (int index = 0; index < times; ++index) text += part;
  return text;
}

}  // namespace

TEST_CASE("white space of any script is trimmed at both ends only", "[unit][text_rule]") {
  CHECK(*checked_text("  Where?\n", kRule) == "Where?");
  CHECK(*checked_text("\u3000\u00A0\u2003\u0085Is it?\u2028\u1680", kRule) == "Is it?");
  CHECK(*checked_text("a \n\tb", kRule) == "a \n\tb");
  CHECK(*checked_text("\u200B", kRule) == "\u200B");  // Has no width, but is no White_Space.
  CHECK(*checked_text(" a ", {.trim = false}) == " a ");
}

TEST_CASE("code points are counted after trimming, not bytes", "[unit][text_rule]") {
  CHECK(checked_text(repeated("é", 280), kRule));
  CHECK(checked_text(repeated("🙂", 280), kRule));
  CHECK(checked_text("   " + repeated("a", 280) + "   ", kRule));

  CHECK(checked_text(repeated("é", 281), kRule).error() ==
        "must be 1 to 280 characters long, not 281");
  CHECK(checked_text(" \t\n\u2003", kRule).error() == "must be 1 to 280 characters long, not 0");
  CHECK(checked_text("", kRule).error() == "must be 1 to 280 characters long, not 0");
  CHECK(checked_text("", {.code_points_min = 0}));
}

TEST_CASE("control characters and direction controls are refused by number", "[unit][text_rule]") {
  CHECK(checked_text(std::string("a\0b", 3), kRule).error() ==
        "must not contain the invisible character U+0000");
  CHECK(checked_text("a\rb", kRule).error() == "must not contain the invisible character U+000D");
  for (const char* text : {"a\x1B[31mb",
                           "a\x7F",
                           "a\u0085b",
                           "a\u009Fb",
                           "\u202Aa",
                           "a\u202Eb",
                           "a\u2066b",
                           "a\u2069"}) {
    CAPTURE(text);
    CHECK_FALSE(checked_text(text, kRule));
  }
  for (const char* text : {"a\u2029b", "a\u202Fb", "a\u2065b", "a\u206Ab", "a\u00A0b"}) {
    CAPTURE(text);
    CHECK(checked_text(text, kRule));
  }
}

TEST_CASE("bytes that are not UTF-8 are refused", "[unit][text_rule]") {
  for (const char* text : {"\x80",              // a continuation alone
                           "a\xC3",             // cut off
                           "\xC0\xAF",          // overlong "/"
                           "\xE0\x80\xAF",      // overlong "/"
                           "\xED\xA0\x80",      // a surrogate
                           "\xF4\x90\x80\x80",  // beyond U+10FFFF
                           "\xF8\x88\x80\x80\x80",
                           "\xFF",
                           " \xC3 ",
                           "a\xE2\x82"}) {
    CAPTURE(text);
    CHECK(checked_text(text, kRule).error() == "must be valid UTF-8");
  }
  CHECK(checked_text("\U0010FFFF\uD7FF\uE000", kRule));
}
