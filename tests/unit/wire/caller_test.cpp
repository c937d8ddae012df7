#include "wire/caller.hpp"

#include <catch2/catch.hpp>

#include <random>

using wire::Caller;

TEST_CASE("a caller's text names issuer and sub in the letters of a topic", "[unit][caller]") {
  CHECK(Caller::from("own", "guest-7")->text() == "own-guest-7");
  CHECK(Caller::from("own", "a_b")->text() == "own-a_5fb");
  CHECK(Caller::from("auth0", "google|12.3")->text() == "auth0-google_7c12_2e3");
  CHECK(Caller::from("own", "+/#")->text() == "own-_2b_2f_23");
  CHECK(Caller::from("own", "é")->text() == "own-_c3_a9");
}

TEST_CASE("issuer and sub come back from a caller's text without loss", "[unit][caller]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 500; ++round) {
    std::string sub(1 + random() % 60, '\0');
    for (char& letter : sub) letter = static_cast<char>(random() & 0xFFU);
    const auto caller = Caller::from("own", sub);
    REQUIRE(caller);
    const std::string& text = caller->text();
    REQUIRE(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789_-") == text.npos);
    const auto parsed = Caller::parse(text);
    REQUIRE(parsed);
    CHECK(parsed->sub() == sub);
    CHECK(parsed->alias() == "own");
    CHECK(*parsed == *caller);
  }
}

TEST_CASE("different callers have different texts", "[unit][caller]") {
  CHECK(*Caller::from("own", "a") != *Caller::from("own", "A"));
  CHECK(*Caller::from("own", "_") != *Caller::from("own", "_5f"));
  CHECK(*Caller::from("a", "b-c") != *Caller::from("ab", "c"));
}

TEST_CASE("a caller beyond the limits does not exist", "[unit][caller]") {
  CHECK_FALSE(Caller::from("", "a"));
  CHECK_FALSE(Caller::from("own", ""));
  CHECK_FALSE(Caller::from("Own", "a"));
  CHECK_FALSE(Caller::from("o-n", "a"));
  CHECK_FALSE(Caller::from("a2345678901234567", "a"));
  CHECK(Caller::from("a234567890123456", "a"));

  CHECK(Caller::from("own", std::string(196, 'a')));
  CHECK_FALSE(Caller::from("own", std::string(197, 'a')));
  CHECK(Caller::from("own", std::string(64, '_')));
  CHECK_FALSE(Caller::from("own", std::string(66, '_')));
}

TEST_CASE("a text that no caller has is refused", "[unit][caller]") {
  const std::string text = GENERATE(as<std::string>{},
                                    "",
                                    "own",
                                    "own-",
                                    "-a",
                                    "own_a",
                                    "own-_",
                                    "own-_5",
                                    "own-_5F",   // capitals
                                    "own-_61",   // "a" needs no escape
                                    "own-_5g",   // not hex
                                    "own-a/b",   // a level of its own
                                    "own-a.b",   // the separator of client ids
                                    "own-a+",    // a wildcard
                                    "own-\xC3",  // not ASCII
                                    "OWN-a");
  CAPTURE(text);
  CHECK_FALSE(Caller::parse(text));
  CHECK_FALSE(Caller::parse(std::string("own-a\0", 6)));
  CHECK_FALSE(Caller::parse("own-" + std::string(197, 'a')));
}
