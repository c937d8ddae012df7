#pragma once

#include "engine/bridge/mqtt_bytes.hpp"
#include "engine/bridge/publisher_io.hpp"
#include "engine/bridge/reports.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace engine::bridge {

/// One life of a publisher connection: from connecting until it is lost or closed.
///
///     kConnecting ─▶ kUp ─▶ kOver
///
/// What is published is collected, and everything that is there goes out in one write; replies that
/// came together are reported together. Once it is over nothing is reported any more.
/// Threads: any; its own steps are taken on the thread of `io`, and what they wait for keeps it.
class PublisherSession : public std::enable_shared_from_this<PublisherSession> {
 public:
  struct Peer {
    std::string host;
    std::string port;
    std::string connect;  // The packet that begins the session.
    std::chrono::seconds keep_alive;
  };

  PublisherSession(PublisherThread::Io& io,
                   Peer peer,
                   Reports& reports,
                   std::size_t place,
                   std::uint64_t attempt);

  void start();
  /// False unless it is up.
  [[nodiscard]] bool publish(std::uint64_t ticket, const mqtt::Publish& publish);
  /// Says goodbye if no other packet is half written, and hangs up.
  void close();

 private:
  using Error = boost::system::error_code;
  enum class State { kConnecting, kUp, kOver };
  /// What the broker's Receive Maximum has no room for yet.
  struct Waiting {
    std::uint64_t ticket;
    std::string topic;
    std::string payload;
    bool is_retained;
    std::string content_type;
  };

  // All of these: with mutex_ held.
  void resolve();
  void connect();
  void read();
  void take_replies(std::string_view bytes);
  void take_connected(const mqtt::Reply& reply);
  void take_accepted(const mqtt::Reply& reply);
  void send(std::uint64_t ticket, const mqtt::Publish& publish);
  void send_waiting();
  void request_write();
  void write();
  void keep_alive();
  void lose(int code);
  void hang_up();
  void report(Report::Kind kind, std::uint64_t subject, int code);

  // Runs `step` on the thread of `io` with the lock held, unless the session is over by then.
  template <class Step>
  auto guarded(Step step);

  PublisherThread::Io& io_;
  const Peer peer_;
  Reports& reports_;
  const std::size_t place_;
  const std::uint64_t attempt_;

  std::mutex mutex_;
  State state_ = State::kConnecting;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  std::chrono::seconds keep_alive_;
  bool is_pong_owed_ = false;
  std::array<char, 16 * 1024> received_{};
  mqtt::ReplyReader replies_;
  std::vector<Report> found_;  // Of what was received at once.
  std::string out_;            // Goes out with the next write.
  std::string under_way_;      // Is being written.
  bool is_writing_ = false;    // Or about to.
  std::uint16_t last_packet_id_ = 0;
  std::size_t receive_max_ = 65'535;
  std::unordered_map<std::uint16_t, std::uint64_t> unanswered_;  // Tickets by packet id.
  std::deque<Waiting> waiting_;
};

}  // namespace engine::bridge
