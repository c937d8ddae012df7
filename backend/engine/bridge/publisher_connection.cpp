#include "engine/bridge/publisher_connection.hpp"

#include "base/error.hpp"
#include "engine/bridge/publisher_session.hpp"

#include <charconv>
#include <utility>

namespace engine::bridge {
namespace {

using namespace std::chrono_literals;

// A broker that is stopped is noticed, and a relay that is stopped is announced offline, within
// twice this time.
constexpr auto kKeepAlive = 5s;
constexpr std::string_view kEnvelopeType = "application/cloudevents+json";
constexpr auto kDefaultPort = "1883";

// Where a URL leads; no host for one of another kind.
PublisherSession::Peer peer_at(std::string_view url) {
  constexpr std::string_view kScheme = "mqtt://";
  url = url.starts_with(kScheme) ? url.substr(kScheme.size()) : std::string_view{};
  url = url.substr(0, url.find('/'));
  const auto colon = url.rfind(':');
  const bool has_port = colon != std::string_view::npos && url.find(']', colon) == url.npos;
  std::string_view host = has_port ? url.substr(0, colon) : url;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {.host = std::string{host},
          .port = has_port ? std::string{url.substr(colon + 1)} : kDefaultPort,
          .connect = {},
          .keep_alive = kKeepAlive};
}

bool is_port(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number > 0 && number < 65'536;
}

}  // namespace

BrokerAddress checked(BrokerAddress broker) {
  const PublisherSession::Peer peer = peer_at(broker.url);
  if (peer.host.empty() || !is_port(peer.port)) {
    throw base::Error{"the broker's URL must be mqtt://host:port"};
  }
  if (broker.username.size() > mqtt::kTextBytesMax ||
      broker.password.size() > mqtt::kTextBytesMax) {
    throw base::Error{"the broker's user name and password must have at most 65,535 bytes each"};
  }
  return broker;
}

PublisherConnection::PublisherConnection(PublisherThread& thread,
                                         BrokerAddress broker,
                                         std::string client_id,
                                         std::size_t place,
                                         RetainedMessage will,
                                         Reports& reports)
    : thread_{thread},
      broker_{checked(std::move(broker))},
      client_id_{std::move(client_id)},
      place_{place},
      will_{std::move(will)},
      reports_{reports} {}

PublisherConnection::~PublisherConnection() {
  close();
}

void PublisherConnection::open() {
  close();
  ++attempt_;
  PublisherSession::Peer peer = peer_at(broker_.url);
  peer.connect = mqtt::connect_bytes({.client_id = client_id_,
                                      .username = broker_.username,
                                      .password = broker_.password,
                                      .keep_alive = kKeepAlive,
                                      .will_topic = will_.topic,
                                      .will_payload = will_.payload});
  session_ =
      std::make_shared<PublisherSession>(thread_.io(), std::move(peer), reports_, place_, attempt_);
  session_->start();
}

bool PublisherConnection::publish(const Lane::Sending& sending) {
  return session_ && session_->publish(sending.ticket,
                                       {.topic = sending.message.topic,
                                        .payload = sending.message.payload,
                                        .content_type = kEnvelopeType});
}

bool PublisherConnection::publish(Lane::Ticket ticket, const RetainedMessage& message) {
  return session_ &&
         session_->publish(
             ticket, {.topic = message.topic, .payload = message.payload, .is_retained = true});
}

bool PublisherConnection::publish(Lane::Ticket ticket,
                                  const std::string& topic,
                                  const std::string& payload) {
  return session_ && session_->publish(ticket, {.topic = topic, .payload = payload});
}

void PublisherConnection::close() {
  if (session_) session_->close();
  session_.reset();
}

}  // namespace engine::bridge
