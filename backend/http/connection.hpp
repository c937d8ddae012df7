#pragma once

#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include "wire/problem.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

namespace http {

struct ConnectionLimits {
  std::chrono::milliseconds silence{3'000};    // The longest pause between two bytes of a request.
  std::chrono::milliseconds receiving{8'000};  // The longest a whole request may take to arrive.
  std::chrono::milliseconds sending{8'000};    // The longest an answer may take to be taken.
  std::size_t head_bytes_max = 32 * 1024;
};

/// One accepted socket: one request in, one answer out, then closed. Every wait has an end.
///
/// What arrives is first seen here, as raw bytes, because a parser with faults must not see it
/// first. A requested stop leaves an unfinished request one more second.
/// Threads: confined.
class Connection {
 public:
  Connection(base::FileDescriptor socket, const ConnectionLimits& limits, std::stop_token stop);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  /// Sends what is written, then closes so that the client can still read it.
  ~Connection();

  /// The head's bytes, valid until it is replaced. Empty: the client left without a word.
  ///
  /// Errors: 400 (cannot become HTTP), 408, 414, 431.
  [[nodiscard]] base::Result<std::string_view, wire::Problem> receive_head();

  /// Lets `read` begin with `head` in place of the one that was received.
  ///
  /// `body_bytes` follow it; the client may wait to be told to send them.
  void replace_head(std::string_view head, std::uint64_t body_bytes, bool waits_for_continue);

  /// The request from its first byte: first what is here, then the socket.
  ///
  /// Shape: 1–`size` bytes, 0 at the end, -1 when the time is over.
  [[nodiscard]] ssize_t read(char* into, std::size_t size);

  /// Collects an answer; it leaves in large pieces. False when the client does not take it.
  [[nodiscard]] bool write(std::string_view bytes);

  [[nodiscard]] std::string remote_address() const;
  [[nodiscard]] int socket() const noexcept { return socket_.get(); }

 private:
  using Time = std::chrono::steady_clock::time_point;

  [[nodiscard]] bool flush();
  [[nodiscard]] bool wait_for(short events, Time until);
  [[nodiscard]] ssize_t receive(char* into, std::size_t size);
  void drain();

  base::FileDescriptor socket_;
  ConnectionLimits limits_;
  std::stop_token stop_;
  Time receive_until_;
  Time send_until_ = Time::max();  // Counted from the first byte sent.

  std::string received_;
  std::size_t read_at_ = 0;  // What of `received_` was read.
  std::string unsent_;
  // Bytes the client may still send; unknown is as many as can be.
  std::uint64_t body_left_ = UINT64_MAX;
  bool waits_for_continue_ = false;
};

}  // namespace http
