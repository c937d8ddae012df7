#include "wire/base64url.hpp"

#include <catch2/catch.hpp>

#include <random>

using wire::from_base64url;
using wire::to_base64url;

TEST_CASE("base64url gives the texts of RFC 4648, without padding", "[unit][base64url]") {
  CHECK(to_base64url("") == "");
  CHECK(to_base64url("f") == "Zg");
  CHECK(to_base64url("fo") == "Zm8");
  CHECK(to_base64url("foo") == "Zm9v");
  CHECK(to_base64url("foobar") == "Zm9vYmFy");
  CHECK(to_base64url("\xFB\xFF\xBF") == "-_-_");
}

TEST_CASE("any bytes come back from their text", "[unit][base64url]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  for (std::size_t length = 0; length < 200; ++length) {
    std::string bytes;
    while (bytes.size() < length) bytes += static_cast<char>(random() & 0xFFU);
    REQUIRE(from_base64url(to_base64url(bytes)) == bytes);
  }
}

TEST_CASE("text that is not the one text of some bytes is refused", "[unit][base64url]") {
  const std::string text = GENERATE(as<std::string>{},
                                    "Zg==",      // padding
                                    "Zm8=",      // padding
                                    "A",         // no byte has six bits
                                    "Zm9vA",     // the same, after whole ones
                                    "-_+_",      // the other alphabet
                                    "-_/_",      // the other alphabet
                                    "Zm9v\n",    // white space
                                    " Zm9v",     // white space
                                    "Zm 9v",     // white space
                                    "Zh",        // "f" with unused bits
                                    "Zm9",       // "fo" with unused bits
                                    "Zm9vZ\xC3"  // not ASCII
  );
  CAPTURE(text);
  CHECK_FALSE(from_base64url(text));
  CHECK_FALSE(from_base64url(std::string("Zm9\0", 4)));
}
