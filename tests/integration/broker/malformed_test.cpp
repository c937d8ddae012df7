#include "plugin_case.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <vector>

// Row S15 and the crash set of §5.1: what no client should send. The broker, watched by
// AddressSanitizer with the plugin in it, goes on.

using support::counted;
using support::Frame;
using support::frame_bytes;
using support::Mqtt;
using support::MqttClient;
using support::MqttSocket;
using support::packet;
using support::PacketType;
using support::Transport;
using support::two_bytes;
using support::varying;

namespace {

using Named = std::pair<const char*, std::string>;
using namespace std::string_literals;

const std::string kHuge = "\xff\xff\xff\x7f"s;  // 268,435,455, the longest that can be announced.

/// Instead of CONNECT.
std::vector<Named> openings() {
  const std::string name = counted("MQTT");
  return {{"PUBLISH first", packet(PacketType::kPublish, 0, counted("a") + "x")},
          {"SUBSCRIBE first", support::subscribe_bytes(Mqtt::k311, 1, {"#"})},
          {"PINGREQ first", packet(PacketType::kPingreq, 0, "")},
          {"AUTH first", packet(PacketType::kAuth, 0, "")},
          {"type 0", packet(PacketType{0}, 0, "")},
          {"HTTP", "GET / HTTP/1.1\r\n\r\n"},
          {"a long PUBLISH announced", "\x30"s + kHuge},
          {"a length of five bytes", "\x10\xff\xff\xff\xff\x7f"s},
          {"flags of CONNECT", packet(PacketType::kConnect, 5, name + "\x04\x02\x00\x3c"s)},
          {"another protocol", packet(PacketType::kConnect, 0, counted("MQXX") + "\4\2\0\x3c"s)},
          {"version 9", packet(PacketType::kConnect, 0, name + "\x09\x02\x00\x3c\x00\x00"s)},
          {"a reserved flag", packet(PacketType::kConnect, 0, name + "\x04\x03\x00\x3c\x00\x00"s)},
          {"empty CONNECT", packet(PacketType::kConnect, 0, "")},
          {"CONNECT cut off", packet(PacketType::kConnect, 0, name + "\x04\xc2\x00\x3c"s)},
          {"a longer client id than there is",
           packet(PacketType::kConnect, 0, name + "\x04\x02\x00\x3c\xff\xff"s + "abc")},
          {"a longer password than there is",
           packet(PacketType::kConnect,
                  0,
                  name + "\x04\xc2\x00\x3c"s + counted("own-ann.1") + counted("own-ann") +
                      "\xff\xff.."s)}};
}

/// After a login.
std::vector<Named> later_packets(Mqtt version, const std::string& connect) {
  const std::string none = version == Mqtt::k5 ? "\0"s : "";
  const auto topic = [&](const std::string& text) { return counted(text) + none + "x"; };
  std::vector<Named> packets{
      {"a second CONNECT", connect},
      {"QoS 3", packet(PacketType::kPublish, 6, counted("a") + two_bytes(1) + none)},
      {"a topic with NUL", packet(PacketType::kPublish, 0, topic("a\0b"s))},
      {"a topic with bad UTF-8", packet(PacketType::kPublish, 0, topic("\xc0\xaf"))},
      {"a topic with half a surrogate", packet(PacketType::kPublish, 0, topic("\xed\xa0\x80"))},
      {"a topic with a wildcard", packet(PacketType::kPublish, 0, topic("earshot/#"))},
      {"an empty topic", packet(PacketType::kPublish, 0, topic(""))},
      {"a longer topic than there is", packet(PacketType::kPublish, 0, "\xff\xff"s + "a")},
      {"packet id 0", packet(PacketType::kPublish, 2, counted("a") + two_bytes(0) + none)},
      {"SUBSCRIBE without filters", packet(PacketType::kSubscribe, 2, two_bytes(1) + none)},
      {"SUBSCRIBE with flags 0",
       packet(PacketType::kSubscribe, 0, two_bytes(1) + none + counted("a") + "\0"s)},
      {"SUBSCRIBE with QoS 3",
       packet(PacketType::kSubscribe, 2, two_bytes(1) + none + counted("a") + "\3"s)},
      {"SUBSCRIBE cut off", packet(PacketType::kSubscribe, 2, two_bytes(1) + none + counted("a"))},
      {"type 0", packet(PacketType{0}, 0, "")},
      {"a packet of the server's", packet(PacketType::kConnack, 0, "\0\0"s)},
      {"a huge PUBLISH announced", "\x30"s + kHuge},
      {"70 KB", packet(PacketType::kPublish, 0, topic("a") + std::string(71'000, 'x'))}};
  if (version == Mqtt::k5) {
    packets.insert(
        packets.end(),
        {{"an unknown property",
          packet(PacketType::kPublish, 0, counted("a") + varying(2) + "\x7f\x00"s)},
         {"a longer property than there is",
          packet(PacketType::kPublish, 0, counted("a") + varying(5) + "\x26\xff\xff\x00\x00"s)},
         {"alias 0", packet(PacketType::kPublish, 0, counted("a") + varying(3) + "\x23\0\0"s)},
         {"alias 65,535",
          packet(PacketType::kPublish, 0, counted("a") + varying(3) + "\x23\xff\xff"s)},
         {"an alias never set",
          packet(PacketType::kPublish, 0, counted("") + varying(3) + "\x23\0\x05"s)},
         {"AUTH", packet(PacketType::kAuth, 0, "\x19\x00"s)}});
  }
  return packets;
}

}  // namespace

TEST_CASE_METHOD(PluginCase,
                 "whoever does not begin with CONNECT is cut",
                 "[integration][broker]") {
  for (const auto& [name, bytes] : openings()) {
    CAPTURE(name);
    MqttSocket socket{broker.port(Transport::kTcp), Transport::kTcp};
    socket.send(bytes);
    CHECK(socket.is_cut());
    // Over a WebSocket the broker waits for the rest of what was announced.
    MqttSocket over_web_socket{broker.port(Transport::kWebSocket), Transport::kWebSocket};
    over_web_socket.send(bytes);
  }
  CHECK(is_sound());
}

TEST_CASE_METHOD(PluginCase,
                 "half a CONNECT, and then nothing, hurts nobody",
                 "[integration][broker]") {
  std::vector<MqttSocket> sockets;
  const std::string connect = support::bytes_of(login("ann", token_of("ann")));
  for (const Transport transport : {Transport::kTcp, Transport::kWebSocket}) {
    for (std::size_t size = 0; size < connect.size(); size += 37) {
      sockets.emplace_back(broker.port(transport), transport);
      sockets.back().send(connect.substr(0, size));
    }
  }
  CHECK(is_sound());
  sockets.clear();
  CHECK(is_sound());
}

TEST_CASE_METHOD(PluginCase,
                 "a broken packet ends its connection, and no other",
                 "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  const Transport transport = GENERATE(Transport::kTcp, Transport::kWebSocket);
  MqttClient bob = client(version, "bob", token_of("bob"), transport);
  support::Connect connect = login("ann", token_of("ann"));
  connect.version = version;
  for (const auto& [name, bytes] : later_packets(version, support::bytes_of(connect))) {
    CAPTURE(version, name);
    MqttClient ann = client(version, "ann", token_of("ann"), transport);
    ann.socket().send(bytes);
    // Only the limit of a packet's size is not kept over WebSockets (2.0.11).
    if (transport == Transport::kTcp) CHECK(ann.socket().is_cut());
  }
  CHECK(bob.ping());
  CHECK(is_sound());
}

TEST_CASE_METHOD(PluginCase, "a flood of properties costs little", "[integration][broker]") {
  std::string flood;
  while (flood.size() < 50'000) flood += "\x26" + counted("k") + counted("v");
  MqttClient ann = client(Mqtt::k5, "ann", token_of("ann"));
  const auto time_before = broker.processor_time();
  for (int count = 0; count < 20; ++count) {
    CHECK(ann.publish({.topic = "a", .qos = 1, .properties = flood}) == kNotAuthorized);
  }
  CHECK((broker.processor_time() - time_before).count() < 5000);
  CHECK(is_sound());
}

TEST_CASE_METHOD(PluginCase,
                 "frames of a WebSocket may come in any pieces",
                 "[integration][broker]") {
  const std::string connect = support::bytes_of(login("ann", token_of("ann")));
  const int port = broker.port(Transport::kWebSocket);
  const auto is_welcome = [](MqttSocket& socket) {
    const auto answer = socket.next();
    return answer && answer->type == PacketType::kConnack && answer->body == "\0\0"s;
  };
  {
    MqttSocket socket{port, Transport::kWebSocket};
    for (const char letter : connect) socket.send(std::string{letter});
    CHECK(is_welcome(socket));
  }
  {
    MqttSocket socket{port, Transport::kWebSocket};
    socket.send_raw(frame_bytes(connect.substr(0, 20), {.is_final = false}));
    socket.send_raw(frame_bytes(connect.substr(20), {.opcode = 0}));
    CHECK(is_welcome(socket));
  }
  for (const Frame& frame : {Frame{.opcode = 1},
                             Frame{.is_masked = false},
                             Frame{.opcode = 0},
                             Frame{.opcode = 3},
                             Frame{.opcode = 8},
                             Frame{.opcode = 9}}) {
    CAPTURE(frame.opcode, frame.is_masked);
    MqttSocket socket{port, Transport::kWebSocket};
    socket.send_raw(frame_bytes(connect, frame));
    socket.send_raw("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff"s);  // 16 EiB announced.
  }
  CHECK(is_sound());
}

TEST_CASE_METHOD(PluginCase,
                 "ends of all kinds leave no session and no memory behind",
                 "[integration][broker]") {
  const auto storm = [this](int round) {
    for (const Transport transport : {Transport::kTcp, Transport::kWebSocket}) {
      for (const Mqtt version : {Mqtt::k311, Mqtt::k5}) {
        CAPTURE(round, version);
        MqttClient nameless = stranger(version, transport);  // §5.1: it ends without a client id.
        CHECK(nameless.connect({}) != kAccepted);
        MqttClient refused = stranger(version, transport);
        CHECK(refused.connect(login("ann", "x")) == refused_login(version));
        MqttClient first = client(version, "ann", token_of("ann"), transport);
        CHECK(first.subscribe("earshot/v1/status") == kAccepted);
        MqttClient second = client(version, "ann", token_of("ann"), transport);  // Takes over.
        CHECK(first.publish({.topic = kControl, .payload = "x"}) == kAccepted);
        second.disconnect();
        static_cast<void>(client(version, "bob", token_of("bob"), transport));  // Just goes.
        MqttClient broken = client(version, "eve", token_of("eve"), transport);
        broken.socket().send("\xf1\x00"s);
      }
    }
  };
  for (int round = 0; round < 3; ++round) storm(round);
  const std::size_t before = broker.memory_bytes();
  for (int round = 0; round < 8; ++round) storm(round);
  CHECK(broker.memory_bytes() < before + 2'000'000);
  CHECK(is_sound());

  MqttClient watcher = service("watcher");
  REQUIRE(watcher.subscribe("$SYS/broker/earshot/sessions") == kAccepted);
  CHECK(support::eventually(
      [&] { return watcher.next_on("$SYS/broker/earshot/sessions").payload == "0"; }));
}

TEST_CASE_METHOD(PluginCase,
                 "random bytes end nothing but their connection",
                 "[integration][broker]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  const auto below = [&](std::size_t limit) { return random() % limit; };
  for (int count = 0; count < 600; ++count) {
    const Mqtt version = below(2) == 0 ? Mqtt::k311 : Mqtt::k5;
    MqttClient ann = client(version, "ann", token_of("ann"));
    std::string bytes =
        support::bytes_of(version, 7, {.topic = "earshot/v1/ingest/own-ann/a/b", .qos = 1}) +
        support::subscribe_bytes(version, 8, {"earshot/v1/geo/9q8/y/#"}) +
        support::bytes_of(version, 9, {.topic = kControl, .payload = token_of("ann")});
    for (std::size_t changes = 1 + below(6); changes > 0; --changes) {
      bytes[below(bytes.size())] = static_cast<char>(below(256));
    }
    ann.socket().send(bytes);
    ann.socket().send(packet(PacketType::kDisconnect, 0, ""));
  }
  CHECK(is_sound());
}
