#pragma once

#include "base/log.hpp"
#include "base/result.hpp"
#include "http/connection.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <string>

namespace http {

struct ListenerOptions {
  std::string host;
  int port = 0;
  int backlog = 0;
};

/// The listening socket, and the rules about who comes in.
///
/// Out of descriptors it closes what has waited longest, pauses, and goes on.
/// Threads: confined to the I/O thread once that runs.
class Listener {
 public:
  /// Errors: base::Error when the address cannot be had, with what to do about it.
  Listener(ListenerOptions options, ConnectionContext& context);

  [[nodiscard]] int port() const noexcept { return options_.port; }

  /// Lets those in that the kernel has already accepted, and no more.
  void stop();

 private:
  using Time = std::chrono::steady_clock::time_point;
  using Socket = boost::asio::ip::tcp::socket;
  enum class Turn { kAccepted, kNobodyWaits, kNoDescriptors, kBroken };

  [[nodiscard]] boost::system::error_code open();
  void wait();
  void accept_some();
  [[nodiscard]] Turn accept_one();
  void admit(Socket socket, PeerAddress peer);
  void turn_away(Socket& socket, const PeerAddress& peer, const wire::Problem& problem);
  void pause();
  void warn(std::string_view sentence, std::string_view what);

  ListenerOptions options_;
  ConnectionContext& context_;
  boost::asio::ip::tcp::endpoint endpoint_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  Time warned_at_{};
};

}  // namespace http
