#include "unit/http/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace http_test {
namespace {

constexpr int kPatience_s = 20;
constexpr std::string_view kHeadEnd = "\r\n\r\n";

Answer parse_head(std::string_view head) {
  Answer answer;
  if (!head.starts_with("HTTP/1.1 ")) return answer;
  std::from_chars(head.data() + 9, head.data() + 12, answer.status);
  std::string_view lines = head.substr(0, head.size() - kHeadEnd.size());
  while (true) {
    lines.remove_prefix(std::min(lines.find("\r\n"), lines.size()));
    if (lines.empty()) return answer;
    lines.remove_prefix(2);
    const std::size_t colon = lines.find(": ");
    std::string name{lines.substr(0, colon)};
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char letter) {
      return static_cast<char>(std::tolower(letter));
    });
    std::string& value = answer.headers[name];
    if (!value.empty()) value += ", ";
    value += lines.substr(colon + 2, lines.find("\r\n") - colon - 2);
  }
}

}  // namespace

std::string Answer::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? "" : found->second;
}

RawClient::RawClient() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  const timeval patience{.tv_sec = kPatience_s, .tv_usec = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

void RawClient::connect(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw std::runtime_error{"the server does not let us in"};
  }
}

RawClient& RawClient::send(std::string_view bytes) {
  if (!bytes.empty()) std::atomic_ref{is_head_}.store(bytes.starts_with("HEAD "));
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return *this;
}

RawClient& RawClient::end_sending() {
  ::shutdown(socket_.get(), SHUT_WR);
  return *this;
}

std::size_t RawClient::flood(std::string_view piece, std::size_t bytes_max) {
  std::size_t sent = 0;
  while (sent < bytes_max) {
    const ssize_t size = ::send(socket_.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
    if (size <= 0) break;
    sent += static_cast<std::size_t>(size);
  }
  return sent;
}

RawClient::Input RawClient::receive_piece() {
  std::array<char, 64 * 1024> piece{};
  const ssize_t size = ::recv(socket_.get(), piece.data(), piece.size(), 0);
  if (size <= 0) return Input::kEnd;
  received_.append(piece.data(), static_cast<std::size_t>(size));
  return Input::kMore;
}

Answer RawClient::receive() {
  std::size_t end = std::string::npos;
  while ((end = received_.find(kHeadEnd)) == std::string::npos) {
    if (receive_piece() == Input::kEnd) return {};
  }
  const std::size_t head = end + kHeadEnd.size();
  Answer answer = parse_head(std::string_view{received_}.substr(0, head));
  std::size_t body = 0;
  const std::string length = answer.header("content-length");
  if (!std::atomic_ref{is_head_}.load())
    std::from_chars(length.data(), length.data() + length.size(), body);
  while (received_.size() < head + body && receive_piece() == Input::kMore) {
  }
  answer.bytes = received_.substr(0, head + body);
  answer.body = answer.bytes.substr(head);
  received_.erase(0, head + body);
  return answer;
}

std::string RawClient::receive_rest() {
  while (receive_piece() == Input::kMore) {
  }
  return std::exchange(received_, {});
}

bool RawClient::is_closed() {
  if (!received_.empty()) return false;
  char byte = 0;
  const ssize_t size = ::recv(socket_.get(), &byte, 1, 0);
  return size == 0 || (size < 0 && errno != EAGAIN);  // EAGAIN: out of patience.
}

bool RawClient::is_silent_for(std::chrono::milliseconds time) const {
  pollfd input{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  return received_.empty() && ::poll(&input, 1, static_cast<int>(time.count())) == 0;
}

Answer exchange(int port, std::string_view bytes) {
  RawClient client{port};
  return client.send(bytes).receive();
}

std::string get(std::string_view path, std::string_view headers) {
  return std::string{"GET "}.append(path).append(" HTTP/1.1\r\nHost: test\r\n").append(headers) +
         "\r\n";
}

std::string post(std::string_view path, std::string_view body, std::string_view headers) {
  return std::string{"POST "}
      .append(path)
      .append(" HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n")
      .append("Content-Length: " + std::to_string(body.size()) + "\r\n")
      .append(headers)
      .append("\r\n")
      .append(body);
}

}  // namespace http_test
