#include "support/mqtt_client.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace support {
namespace {

constexpr std::uint8_t kNoReason = 0;

// Where MQTT 5 may leave the reason out, it means success.
std::uint8_t byte_at(const Packet& packet, std::size_t at) {
  return at < packet.body.size() ? static_cast<std::uint8_t>(packet.body[at]) : kNoReason;
}

}  // namespace

MqttClient::MqttClient(int port, Mqtt version, Transport transport)
    : version_{version}, socket_{port, transport} {}

std::optional<std::uint8_t> MqttClient::connect(const Connect& connect) {
  Connect mine = connect;
  mine.version = version_;
  socket_.send(bytes_of(mine));
  const auto answer = await(PacketType::kConnack);
  if (!answer) return std::nullopt;
  return byte_at(*answer, 1);
}

std::optional<std::uint8_t> MqttClient::subscribe(const std::string& filter, std::uint8_t qos) {
  socket_.send(subscribe_bytes(version_, new_id(), {filter}, qos));
  const auto answer = await(PacketType::kSuback);
  if (!answer || answer->body.empty()) return std::nullopt;
  return static_cast<std::uint8_t>(answer->body.back());
}

std::vector<std::uint8_t> MqttClient::subscribe(const std::vector<std::string>& filters) {
  socket_.send(subscribe_bytes(version_, new_id(), filters));
  const auto answer = await(PacketType::kSuback);
  if (!answer || answer->body.size() < filters.size()) return {};
  return {answer->body.end() - static_cast<std::ptrdiff_t>(filters.size()), answer->body.end()};
}

void MqttClient::unsubscribe(const std::string& filter) {
  socket_.send(unsubscribe_bytes(version_, new_id(), filter));
  if (!await(PacketType::kUnsuback)) throw base::Error{"no UNSUBACK"};
}

std::optional<std::uint8_t> MqttClient::publish(const Publish& publish) {
  const std::uint16_t id = new_id();
  socket_.send(bytes_of(version_, id, publish));
  if (publish.qos == 0) return kNoReason;
  const auto answer = await(publish.qos == 1 ? PacketType::kPuback : PacketType::kPubrec);
  if (!answer) return std::nullopt;
  const std::uint8_t reason = byte_at(*answer, 2);
  if (publish.qos == 1 || reason >= 0x80) return reason;
  socket_.send(packet(PacketType::kPubrel, 2, two_bytes(id)));
  if (!await(PacketType::kPubcomp)) return std::nullopt;
  return reason;
}

bool MqttClient::ping() {
  socket_.send(packet(PacketType::kPingreq, 0, ""));
  return await(PacketType::kPingresp).has_value();
}

Delivery MqttClient::next_on(const std::string& topic) {
  while (const auto packet = socket_.next()) {
    if (packet->type != PacketType::kPublish) continue;
    deliveries_.push_back(delivery_of(version_, *packet));
    if (deliveries_.back().topic == topic) return deliveries_.back();
  }
  throw base::Error{"the broker hung up before a message on " + topic};
}

void MqttClient::disconnect() {
  socket_.send(packet(PacketType::kDisconnect, 0, ""));
}

std::uint8_t MqttClient::end() {
  // No packet of this type ever comes from a broker, so this waits until it hangs up.
  static_cast<void>(await(PacketType::kConnect));
  return end_reason_;
}

std::optional<Packet> MqttClient::await(PacketType type) {
  while (auto packet = socket_.next()) {
    if (packet->type == type) return packet;
    if (packet->type == PacketType::kPublish) {
      deliveries_.push_back(delivery_of(version_, *packet));
    } else if (packet->type == PacketType::kDisconnect) {
      end_reason_ = byte_at(*packet, 0);
    }
  }
  return std::nullopt;
}

}  // namespace support
