#pragma once

#include "http/access_log.hpp"
#include "http/connection_table.hpp"
#include "http/dispatcher.hpp"
#include "http/exchange.hpp"
#include "http/handler_threads.hpp"
#include "http/limits.hpp"
#include "http/peer_address.hpp"
#include "http/request_reader.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace http {

/// What all connections of one server work with. It outlives them.
struct ConnectionContext {
  const ConnectionLimits& limits;
  const HeadLimits& head_limits;
  const Dispatcher& dispatcher;
  HandlerThreads& handlers;
  ConnectionTable& table;
  AccessLog& access_log;
  boost::asio::io_context& io;
  std::stop_token stopping;
  const base::Log& log;
  // Received bytes pass through here, so that a silent connection holds no buffer.
  std::array<char, 64 * 1024> scratch{};
};

/// One accepted socket: requests in, answers out, strictly one after the other.
///
///     kHead ─▶ kBody ─▶ kHandled ─▶ kSending ─▶ kHead …, or kLingering ─▶ kClosed
///
/// While a request is handled and answered nothing is received, so a client that sends ahead waits
/// in its own buffers. No step waits: each ends by asking to be called when the socket is ready.
/// Threads: confined to the I/O thread. The table, and whoever will call it, keep it alive.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Connection(boost::asio::ip::tcp::socket socket, PeerAddress peer, ConnectionContext& context);

  /// Waits for the first request. The table has it already.
  void start();

  /// When the step it is in has taken too long; `Time::max()` while a handler has the request.
  [[nodiscard]] Time deadline() const noexcept { return deadline_; }
  /// Ends that step: the deadline is over.
  void give_up();
  /// Closes: another connection needs its place.
  void make_room();
  /// Closes if no request has begun to arrive, else soon.
  void stop();
  /// Takes away an answer that the client does not take.
  void cut_off();

  [[nodiscard]] const PeerAddress& peer() const noexcept { return peer_; }

 private:
  friend class ConnectionTable;
  enum class State { kHead, kBody, kHandled, kSending, kLingering, kClosed };

  // Receiving.
  void wait_until_readable();
  void on_readable();
  void on_received(std::string_view bytes);
  void on_end_of_input();
  void advance();
  [[nodiscard]] bool read_head();
  [[nodiscard]] bool begin_body(bool is_asked_for);
  void follow_body();
  void hand_over();

  // Answering.
  void refuse(const wire::Problem& problem);
  void send(Response response);
  void wait_until_writable();
  void write();
  void on_sent(bool is_taken);
  void next_request();

  // Ending.
  void linger();
  void discard(std::size_t bytes);
  void close();
  void reset();

  void hold(std::size_t request_bytes);
  void set_unsent(std::size_t bytes);
  /// That much time from now; less when the server stops.
  [[nodiscard]] Time until(ConnectionLimits::Time limit,
                           ConnectionLimits::Time when_stopping) const;
  [[nodiscard]] bool is_stopping() const { return context_.stopping.stop_requested(); }
  /// Runs one step; what it throws ends this connection and nothing else.
  void run(const std::function<void()>& step);

  boost::asio::ip::tcp::socket socket_;
  PeerAddress peer_;
  ConnectionContext& context_;
  ConnectionTable::Place place_;
  State state_ = State::kHead;
  Time deadline_ = Time::max();
  bool waits_until_readable_ = false;
  std::size_t requests_ = 0;

  RequestReader reader_;
  Exchange exchange_;
  Admission admission_;  // In kBody: the request whose body is still arriving.
  Time body_until_;
  Time progress_until_;
  std::size_t progress_goal_ = 0;  // Missing bytes by then.

  std::string out_head_;
  std::string out_body_;
  std::size_t sent_ = 0;  // Of both together.

  std::size_t request_bytes_ = 0;  // What of the table's sums is this connection's.
  std::size_t unsent_bytes_ = 0;
  std::size_t discarded_ = 0;
};

}  // namespace http
