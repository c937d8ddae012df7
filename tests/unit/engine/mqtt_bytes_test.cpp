#include "engine/bridge/mqtt_bytes.hpp"

#include "base/error.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <vector>

using namespace engine::bridge::mqtt;
using namespace std::chrono_literals;
using namespace std::string_literals;
using Kind = Reply::Kind;

namespace {

std::vector<Reply> replies_in(const std::string& bytes) {
  ReplyReader reader;
  reader.add(bytes);
  std::vector<Reply> replies;
  while (const auto reply = reader.next()) replies.push_back(*reply);
  return replies;
}

// With every property that a server may send there.
const std::string kConnackOfMany =
    "\x20\x3B\x00\x00\x38"
    "\x11\x00\x00\x00\x0A\x21\x00\x14\x24\x01\x25\x01\x27\x00\x01\x00\x00"
    "\x12\x00\x01"
    "a\x22\x00\x0A\x1F\x00\x01"
    "b\x26\x00\x01"
    "c\x00\x01"
    "d\x28\x01\x29\x01\x2A\x01\x13\x00\x1E"
    "\x1A\x00\x01"
    "e\x1C\x00\x01"
    "f\x15\x00\x01g"s;

}  // namespace

TEST_CASE("a CONNECT says what MQTT 5 wants to hear", "[unit][bridge][mqtt]") {
  CHECK(connect_bytes({.client_id = "ab", .keep_alive = 5s}) ==
        "\x10\x0F\x00\x04MQTT\x05\x02\x00\x05\x00\x00\x02"
        "ab"s);
  CHECK(connect_bytes({.client_id = "ab",
                       .username = "me",
                       .password = "pw",
                       .keep_alive = 300s,
                       .will_topic = "t",
                       .will_payload = "gone"}) ==
        "\x10\x21\x00\x04MQTT\x05\xEE\x01\x2C\x00\x00\x02"
        "ab\x00\x00\x01t\x00\x04gone\x00\x02me\x00\x02pw"s);
}

TEST_CASE("a PUBLISH is QoS 1, and says its type and whether it stays", "[unit][bridge][mqtt]") {
  std::string out = "before";
  append_publish(out, 258, {.topic = "a/b", .payload = "hi"});
  CHECK(out ==
        "before\x32\x0A\x00\x03"
        "a/b\x01\x02\x00hi"s);
  out.clear();
  append_publish(out, 1, {.topic = "a", .payload = "hi", .is_retained = true, .content_type = "x"});
  CHECK(out ==
        "\x33\x0C\x00\x01"
        "a\x00\x01\x04\x03\x00\x01xhi"s);
}

TEST_CASE("a long PUBLISH has a long length", "[unit][bridge][mqtt]") {
  std::string out;
  append_publish(out, 1, {.topic = "a", .payload = std::string(20'000, 'p')});
  CHECK(out.substr(0, 4) == "\x32\xA6\x9C\x01"s);
  CHECK(out.size() == 4 + 20'006);
}

TEST_CASE("replies are read wherever the stream is cut", "[unit][bridge][mqtt]") {
  const std::string stream = kConnackOfMany + "\x40\x02\x00\x07"s + "\x40\x03\x00\x08\x87"s +
                             "\x40\x04\x00\x09\x10\x00"s + "\xD0\x00"s + "\xE0\x00"s +
                             "\xE0\x02\x8B\x00"s;
  ReplyReader reader;
  std::vector<Reply> replies;
  for (const char byte : stream) {
    reader.add({&byte, 1});
    while (const auto reply = reader.next()) replies.push_back(*reply);
  }

  REQUIRE(replies.size() == 7);
  CHECK(replies[0].kind == Kind::kConnected);
  CHECK(replies[0].receive_max == 20);
  CHECK(replies[0].keep_alive == 30s);
  CHECK(replies[1].kind == Kind::kAccepted);
  CHECK(replies[1].packet_id == 7);
  CHECK(replies[1].reason == 0);
  CHECK(replies[2].reason == 0x87);
  CHECK(replies[3].packet_id == 9);
  CHECK(replies[3].reason == 0x10);
  CHECK(replies[4].kind == Kind::kPong);
  CHECK(replies[5].kind == Kind::kDisconnected);
  CHECK(replies[6].reason == 0x8B);
}

TEST_CASE("a CONNACK without properties leaves the limits as they are", "[unit][bridge][mqtt]") {
  const auto replies = replies_in("\x20\x03\x00\x86\x00"s);
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].reason == 0x86);
  CHECK(replies[0].receive_max == 65'535);
  CHECK_FALSE(replies[0].keep_alive);
}

TEST_CASE("what no broker says to a publisher is an error", "[unit][bridge][mqtt]") {
  const std::string wrong = GENERATE("HTTP/1.1 400 Bad Request\r\n"s,
                                     "\x30\x03\x00\x01t"s,             // A PUBLISH.
                                     "\x40\x01\x00"s,                  // Half a number.
                                     "\x20\x02\x00\x00"s,              // MQTT 3.1.1.
                                     "\x20\x05\x00\x00\x02\x7F\x01"s,  // A property of nowhere.
                                     "\x20\x05\x00\x00\x05\x21\x00"s,  // More than there is.
                                     "\x20\xFF\xFF\x7F"s,              // Megabytes.
                                     "\x20\xFF\x7F"s);                 // 16 KiB.
  CAPTURE(wrong);
  CHECK_THROWS_AS(replies_in(wrong), base::Error);
}

TEST_CASE("whatever comes is read or refused", "[unit][bridge][mqtt]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::minstd_rand random{seed};
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = kConnackOfMany;
    for (int changes = 0; changes < 3; ++changes) {
      bytes[random() % bytes.size()] = static_cast<char>(random() % 256);
    }
    bytes.resize(random() % (bytes.size() + 1));
    try {
      const auto replies = replies_in(bytes);
      CHECK(replies.size() <= bytes.size() / 2);
    } catch (const base::Error&) {
      continue;
    }
  }
}
