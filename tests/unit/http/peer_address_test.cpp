#include "http/peer_address.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>
#include <string>

using http::peer_address;
using http::PeerAddress;

namespace {

PeerAddress peer(const std::string& text) {
  sockaddr_storage storage{};
  if (text.find(':') == std::string::npos) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    REQUIRE(::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1);
    std::memcpy(&storage, &v4, sizeof(v4));
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    REQUIRE(::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1);
    std::memcpy(&storage, &v6, sizeof(v6));
  }
  return peer_address(storage);
}

}  // namespace

TEST_CASE("an address is told as people write it", "[unit][http]") {
  CHECK(peer("203.0.113.7").text == "203.0.113.7");
  CHECK(peer("2001:db8::1").text == "2001:db8::1");
  CHECK(peer("::ffff:203.0.113.7").text == "203.0.113.7");
}

TEST_CASE("one customer is an IPv4 address or an IPv6 /64", "[unit][http]") {
  CHECK(peer("203.0.113.7").network != peer("203.0.113.8").network);
  CHECK(peer("203.0.113.7").network == peer("::ffff:203.0.113.7").network);
  CHECK(peer("2001:db8:0:1::1").network == peer("2001:db8:0:1:ffff::2").network);
  CHECK(peer("2001:db8:0:1::1").network != peer("2001:db8:0:2::1").network);
}

TEST_CASE("loopback is known in all its spellings", "[unit][http]") {
  CHECK(peer("127.0.0.1").is_loopback);
  CHECK(peer("127.9.9.9").is_loopback);
  CHECK(peer("::1").is_loopback);
  CHECK(peer("::ffff:127.0.0.1").is_loopback);
  CHECK_FALSE(peer("128.0.0.1").is_loopback);
  CHECK_FALSE(peer("::2").is_loopback);
}
