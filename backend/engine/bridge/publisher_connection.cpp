#include "engine/bridge/publisher_connection.hpp"

#include <mqtt/async_client.h>

#include <chrono>
#include <utility>

namespace engine::bridge {
namespace {

using namespace std::chrono_literals;

constexpr int kQos = 1;
// Above every window that options allow, twice for what is sent again. At its limit in flight the
// library stalls for a second each time; at its limit of queued commands, 100 unless told, it
// refuses to publish, also while connected.
constexpr int kInflightMax = 2000;
// A broker that is stopped is noticed, and a relay that is stopped is announced offline, within
// twice this time.
constexpr auto kKeepAlive = 5s;
constexpr auto kConnectTimeout = 3s;

static_assert(sizeof(void*) >= sizeof(Lane::Ticket), "a ticket travels as the user context");

void* to_context(Lane::Ticket ticket) {
  return reinterpret_cast<void*>(ticket);
}
Lane::Ticket to_ticket(void* context) {
  return reinterpret_cast<Lane::Ticket>(context);
}

std::string paho_url(const std::string& url) {
  constexpr std::string_view kScheme = "mqtt://";  // BridgeOptions are checked for it.
  return "tcp://" + url.substr(kScheme.size());
}

// The library starts its threads with the first client of the process and stops them with the last,
// waiting up to a second for them, and leaks when somebody makes a client meanwhile. A client that
// never connects keeps it up until the process ends.
void keep_library_up() {
  static const mqtt::async_client anchor{"tcp://127.0.0.1:1", "anchor"};
}

/// Turns the library's callbacks into reports. Nothing here may block, throw or call the library:
/// the callbacks run on its receiving thread, under its locks.
class Listener final : public mqtt::callback, public mqtt::iaction_listener {
 public:
  Listener(Reports& reports, std::size_t place, std::uint64_t attempt)
      : reports_{reports}, place_{place}, attempt_{attempt} {}

  void connection_lost(const std::string&) override { lost(0); }

  void on_success(const mqtt::token& token) override { completed(token, /*failure=*/0); }
  void on_failure(const mqtt::token& token) override {
    // A failure without a code of its own is still a failure.
    const int code = token.get_return_code();
    completed(token, code != 0 ? code : MQTTASYNC_FAILURE);
  }

  void lost(int code) { report(Report::Kind::kLost, attempt_, code); }

 private:
  void completed(const mqtt::token& token, int failure) {
    const auto reason = static_cast<int>(token.get_reason_code());
    const bool is_refused = reason >= mqtt::UNSPECIFIED_ERROR && reason != mqtt::MQTTPP_V3_CODE;
    const bool is_publish = token.get_type() == mqtt::token::Type::PUBLISH;

    if (is_publish && is_refused) {
      report(Report::Kind::kRefused, to_ticket(token.get_user_context()), reason);
    } else if (is_refused || failure != 0) {
      lost(is_refused ? reason : failure);  // Without a word of the broker the connection is over.
    } else if (is_publish) {
      report(Report::Kind::kAccepted, to_ticket(token.get_user_context()), reason);
    } else {
      report(Report::Kind::kConnected, attempt_, reason);
    }
  }

  void report(Report::Kind kind, std::uint64_t subject, int code) {
    reports_.push({.connection = place_, .kind = kind, .subject = subject, .code = code});
  }

  Reports& reports_;
  std::size_t place_;
  std::uint64_t attempt_;
};

mqtt::properties envelope_properties() {
  mqtt::properties properties;
  properties.add({mqtt::property::CONTENT_TYPE, "application/cloudevents+json"});
  return properties;
}

mqtt::connect_options connect_options(const BrokerAddress& broker, const RetainedMessage& will) {
  auto options = mqtt::connect_options_builder()
                     .mqtt_version(MQTTVERSION_5)
                     .clean_start(true)
                     .keep_alive_interval(kKeepAlive)
                     .connect_timeout(kConnectTimeout)
                     .max_inflight(kInflightMax)
                     .finalize();
  if (!broker.username.empty()) {
    options.set_user_name(broker.username);
    options.set_password(broker.password);
  }
  if (!will.topic.empty()) {
    options.set_will_message(
        mqtt::message{will.topic, will.payload, kQos, /*retained=*/true, mqtt::properties{}});
  }
  return options;
}

}  // namespace

/// One life of the connection: a client of the library and the listener that must outlive it.
struct PublisherConnection::Session {
  Session(const std::string& url,
          const std::string& client_id,
          Reports& reports,
          std::size_t place,
          std::uint64_t attempt)
      : listener{reports, place, attempt},
        client{url,
               client_id,
               mqtt::create_options_builder()
                   .mqtt_version(MQTTVERSION_5)
                   .send_while_disconnected(false)
                   .max_buffered_messages(kInflightMax)
                   .finalize(),
               /*persistence=*/nullptr} {
    client.set_callback(listener);
    client.set_disconnected_handler([this](const mqtt::properties&, mqtt::ReasonCode reason) {
      listener.lost(static_cast<int>(reason));
    });
  }

  Listener listener;
  mqtt::async_client client;
};

PublisherConnection::PublisherConnection(BrokerAddress broker,
                                         std::string client_id,
                                         std::size_t place,
                                         RetainedMessage will,
                                         Reports& reports)
    : broker_{std::move(broker)},
      client_id_{std::move(client_id)},
      place_{place},
      will_{std::move(will)},
      reports_{reports} {
  broker_.url = paho_url(broker_.url);
}

PublisherConnection::~PublisherConnection() = default;

void PublisherConnection::open() {
  ++attempt_;
  try {
    keep_library_up();
    session_ = std::make_unique<Session>(broker_.url, client_id_, reports_, place_, attempt_);
    session_->client.connect(
        connect_options(broker_, will_), /*userContext=*/nullptr, session_->listener);
  } catch (const mqtt::exception& refused) {
    report_lost(refused.get_return_code());
  }
}

void PublisherConnection::report_lost(int code) {
  reports_.push(
      {.connection = place_, .kind = Report::Kind::kLost, .subject = attempt_, .code = code});
}

bool PublisherConnection::publish(const Lane::Sending& sending) {
  static const mqtt::properties of_events = envelope_properties();
  return publish_made(sending.ticket, [&] {
    return mqtt::message::create(
        sending.message.topic, sending.message.payload, kQos, /*retained=*/false, of_events);
  });
}

bool PublisherConnection::publish(Lane::Ticket ticket, const RetainedMessage& message) {
  return publish_made(ticket, [&] {
    return mqtt::message::create(message.topic, message.payload, kQos, /*retained=*/true);
  });
}

bool PublisherConnection::publish(Lane::Ticket ticket,
                                  const std::string& topic,
                                  const std::string& payload) {
  return publish_made(
      ticket, [&] { return mqtt::message::create(topic, payload, kQos, /*retained=*/false); });
}

template <class Make>
bool PublisherConnection::publish_made(Lane::Ticket ticket, const Make& make) {
  if (!session_) return false;
  try {
    session_->client.publish(make(), to_context(ticket), session_->listener);
    return true;
  } catch (const mqtt::exception& refused) {
    report_lost(refused.get_return_code());
    return false;
  }
}

void PublisherConnection::nudge() {
  if (!session_) return;
  try {
    // Any command wakes the thread; this one changes nothing and no subscriber sees it.
    session_->client.unsubscribe("nudge");
  } catch (const mqtt::exception&) {
    return;  // Disconnected: a report says so.
  }
}

void PublisherConnection::close() {
  session_.reset();
}

}  // namespace engine::bridge
