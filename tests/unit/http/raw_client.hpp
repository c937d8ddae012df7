#pragma once

#include "base/file_descriptor.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace http_test {

struct Answer {
  int status = 0;                              // 0: closed without an answer.
  std::map<std::string, std::string> headers;  // Names in lower case; repeated ones as a list.
  std::string body;
  std::string bytes;  // All of it, as received.

  [[nodiscard]] std::string header(const std::string& lower_case_name) const;
};

/// Speaks bytes over a plain socket, so that nothing repairs what a test sends.
class RawClient {
 public:
  /// Not connected yet.
  RawClient();
  explicit RawClient(int port) : RawClient{} { connect(port); }
  void connect(int port);

  /// Sends as much as the server takes. A server that closed early is no error here.
  RawClient& send(std::string_view bytes);
  RawClient& end_sending();
  /// Sends `piece` until the server closes or `bytes_max` are sent; returns the bytes sent.
  std::size_t flood(std::string_view piece, std::size_t bytes_max);

  /// The next answer, at most 20 s. Its length is what it says; that to a HEAD has no body.
  [[nodiscard]] Answer receive();
  /// Everything up to the end of the connection, at most 20 s.
  [[nodiscard]] std::string receive_rest();
  /// True when the server closes without another byte.
  [[nodiscard]] bool is_closed();
  /// True when nothing at all comes from the server for so long.
  [[nodiscard]] bool is_silent_for(std::chrono::milliseconds time) const;
  [[nodiscard]] int socket() const { return socket_.get(); }

 private:
  enum class Input { kMore, kEnd };
  Input receive_piece();

  base::FileDescriptor socket_;
  std::string received_;
  bool is_head_ = false;  // What was sent last. One thread may send while another receives.
};

/// One request, one answer.
[[nodiscard]] Answer exchange(int port, std::string_view bytes);

/// "GET /path HTTP/1.1", a Host, `headers` (each ending in CRLF), and the end of the head.
[[nodiscard]] std::string get(std::string_view path, std::string_view headers = "");
/// A POST with Content-Length and JSON type, as an honest client sends it.
[[nodiscard]] std::string post(std::string_view path,
                               std::string_view body,
                               std::string_view headers = "");

}  // namespace http_test
